//! A deserializer within bounds. A list or a map stops at its first entry too many, so a body of many small entries does
//! not become an object many times its size. Errors name kinds of values and never repeat a value: `serde_json` would
//! copy a text of megabytes into its message.

use std::fmt::{self, Write as _};

use api::limits::ENTRIES_MAX;
use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor};

/// The message of the error that the first entry too many is.
pub(super) const TOO_MANY: &str = "too many entries";
/// The most bytes of a message.
const MESSAGE_MAX: usize = 256;

/// A deserializer of which every list, map and error is bounded.
pub(super) struct Bounded<D>(pub(super) D);

macro_rules! forward {
    ($($method:ident ($($argument:ident: $kind:ty),*) => $target:ident ($($passed:expr),*), $limit:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$target($($passed,)* Checked { visitor, limit: $limit })
        }
    )*};
}

/// Whatever a type asks for, the visitor gets the value that is there: of a value of another kind `serde_json` itself
/// would make an error with the value in it.
macro_rules! forward_to_any {
    ($($method:ident)*) => { forward! { $($method() => deserialize_any(), ENTRIES_MAX;)* } };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<D> {
    type Error = D::Error;

    forward_to_any! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_unit deserialize_seq deserialize_map
        deserialize_identifier
    }

    forward! {
        deserialize_bytes() => deserialize_bytes(), ENTRIES_MAX;
        deserialize_byte_buf() => deserialize_byte_buf(), ENTRIES_MAX;
        deserialize_option() => deserialize_option(), ENTRIES_MAX;
        deserialize_unit_struct(name: &'static str) => deserialize_unit_struct(name), ENTRIES_MAX;
        deserialize_newtype_struct(name: &'static str) => deserialize_newtype_struct(name), ENTRIES_MAX;
        deserialize_tuple(_length: usize) => deserialize_any(), ENTRIES_MAX;
        deserialize_tuple_struct(_name: &'static str, _length: usize) => deserialize_any(), ENTRIES_MAX;
        // A structure keeps the fields that it knows and skips the others: their number costs no memory.
        deserialize_struct(_name: &'static str, _fields: &'static [&'static str])
            => deserialize_any(), usize::MAX;
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
            => deserialize_enum(name, variants), ENTRIES_MAX;
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }
}

/// A visitor that gets bounded lists and maps, and whose errors repeat no value.
struct Checked<V> {
    visitor: V,
    limit: usize,
}

macro_rules! values {
    ($($method:ident($kind:ty))*) => {$(
        fn $method<E: Error>(self, value: $kind) -> Result<V::Value, E> {
            self.visitor.$method::<Quiet>(value).map_err(E::custom)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Checked<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    values! {
        visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) visit_borrowed_str(&'de str)
        visit_string(String)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit::<Quiet>().map_err(E::custom)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none::<Quiet>().map_err(E::custom)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Bounded(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Bounded(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Entries { access, left: self.limit })
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Entries { access, left: self.limit })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(access)
    }
}

/// The entries of a list or a map, of which only so many are left.
struct Entries<A> {
    access: A,
    left: usize,
}

impl<A> Entries<A> {
    /// Whether there is room for the next entry, if there is a next one.
    fn has_room(&mut self) -> bool {
        let has_room = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has_room
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Entries<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let has_room = self.has_room();
        self.access.next_element_seed(Element { seed, has_room })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let has_room = self.has_room();
        self.access.next_key_seed(Key { seed, has_room })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.access.next_value_seed(Element { seed, has_room: true })
    }
}

/// An element of a list, or a value of a map.
struct Element<S> {
    seed: S,
    has_room: bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Element<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        if self.has_room {
            self.seed.deserialize(Bounded(deserializer))
        } else {
            Err(Error::custom(TOO_MANY))
        }
    }
}

/// A key of a map, which is a text.
struct Key<S> {
    seed: S,
    has_room: bool,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        if self.has_room { self.seed.deserialize(deserializer) } else { Err(Error::custom(TOO_MANY)) }
    }
}

/// An error that names the kind of a value only.
#[derive(Debug)]
struct Quiet(String);

impl fmt::Display for Quiet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Quiet {}

impl Error for Quiet {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let mut start = Start(String::new());
        // The end of a message that is too long is of no use.
        let _ = write!(start, "{message}");
        Self(start.0)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("invalid type: {}, expected {expected}", kind(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("invalid value: {}, expected {expected}", kind(found)))
    }
}

/// The kind of a value, as `serde_json` calls it.
fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        Unexpected::Float(_) => "floating",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "sequence",
        Unexpected::Map => "map",
        _ => "value",
    }
}

/// The start of a text: what does not fit is dropped.
struct Start(String);

impl fmt::Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > MESSAGE_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
