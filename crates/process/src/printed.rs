//! What a command prints to the standard output, and whether that arrived.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

use crate::exit::Exit;

/// The command line, unless help was asked for, or it is wrong: that has been printed then.
///
/// # Errors
/// How the process ends.
pub fn parse<C: clap::Parser>() -> Result<C, Exit> {
    C::try_parse().map_err(|error| {
        let printed = Printed { error: error.print().err() };
        // Without a standard error nobody can read it.
        if error.use_stderr() { Exit::Usage } else { printed.exit(Exit::Success) }
    })
}

/// Prints a text, and ends as it would, unless the output is lost.
#[must_use]
pub fn print(text: Arguments<'_>, exit: Exit) -> Exit {
    let mut printed = Printed::default();
    printed.print(text);
    printed.exit(exit)
}

/// Prints until something goes wrong.
#[derive(Debug, Default)]
pub struct Printed {
    error: Option<io::Error>,
}

impl Printed {
    /// Prints a text. Nothing follows a text that could not be printed.
    pub fn print(&mut self, text: Arguments<'_>) {
        self.print_to(&mut io::stdout(), text);
    }

    /// Prints a text to somebody's output. Nothing follows a text that could not be printed.
    pub fn print_to(&mut self, out: &mut dyn Write, text: Arguments<'_>) {
        if self.error.is_none() {
            // What is buffered is not printed yet.
            self.error = out.write_fmt(text).and_then(|()| out.flush()).err();
        }
    }

    /// How the process ends: as it would, unless the output is lost. A reader that closes its end, such as `head`, has read
    /// enough.
    #[must_use]
    pub fn exit(self, exit: Exit) -> Exit {
        match self.error {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Exit::Usage.because(format_args!("the output cannot be written: {error}"))
            }
            _ => exit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An output that takes some bytes.
    struct Disk(usize, ErrorKind);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(self.1.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printed(mut out: Disk) -> (Exit, usize) {
        let mut printed = Printed::default();
        for _ in 0..3 {
            printed.print_to(&mut out, format_args!("four"));
        }
        (printed.exit(Exit::Refused), out.0)
    }

    #[test]
    fn an_output_that_is_lost_is_an_error() {
        assert_eq!(printed(Disk(12, ErrorKind::StorageFull)), (Exit::Refused, 0));
        assert_eq!(printed(Disk(11, ErrorKind::StorageFull)), (Exit::Usage, 0));
        assert_eq!(printed(Disk(11, ErrorKind::BrokenPipe)), (Exit::Refused, 0));
    }
}
