//! How the text of a variable sets a field.

use std::str::FromStr;

/// A text.
///
/// # Errors
/// Never: any text is valid.
pub fn text(field: &mut Option<String>, text: &str) -> Result<(), String> {
    *field = Some(text.to_owned());
    Ok(())
}

/// A whole number.
///
/// # Errors
/// If it is not a number, or too large for the field.
pub fn number<T: FromStr>(field: &mut Option<T>, text: &str) -> Result<(), String> {
    *field = Some(text.parse().map_err(|_| format!("{text:?} must be a whole number"))?);
    Ok(())
}

/// A list, separated by commas.
///
/// # Errors
/// Never: any text is valid.
pub fn list(field: &mut Option<Vec<String>>, text: &str) -> Result<(), String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    *field = Some(items.map(str::to_owned).collect());
    Ok(())
}
