//! A patch of `add` operations below `/spec`.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation};
use serde_json::Value;

/// A patch under construction.
#[derive(Default)]
pub(crate) struct Patch(Vec<PatchOperation>);

impl Patch {
    /// Adds a member below `/spec`; its parent must exist when the operation applies.
    pub(crate) fn add<const N: usize>(&mut self, path: [&str; N], value: impl Into<Value>) {
        let path = PointerBuf::from_tokens(std::iter::once("spec").chain(path));
        self.0.push(PatchOperation::Add(AddOperation { path, value: value.into() }));
    }

    /// Whether what is done to it adds something.
    pub(crate) fn grows(&mut self, fill_in: impl FnOnce(&mut Self)) -> bool {
        let before = self.0.len();
        fill_in(self);
        self.0.len() > before
    }

    pub(crate) fn into_operations(self) -> Vec<PatchOperation> {
        self.0
    }
}
