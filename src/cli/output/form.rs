//! What every form of output does with what is found.

use crate::cli::report::{Item, Level, Remark, Tally};

/// What a form makes of each thing that is found; each appends to the text that is printed.
pub(super) trait Form {
    fn begin(&mut self, _text: &mut String) {}
    fn item(&mut self, text: &mut String, item: Item);
    fn remark(&mut self, text: &mut String, remark: Remark);
    /// An object that no rule is for. Who wants to know of each says so.
    fn skipped(&mut self, text: &mut String, remark: Remark, verbose: bool) {
        if verbose || remark.level != Level::Skipped {
            self.remark(text, remark);
        }
    }
    fn end(&mut self, text: &mut String, tally: &Tally);
}
