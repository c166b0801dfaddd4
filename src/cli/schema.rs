//! `treasuryd schema`: the JSON Schema of the policy file, for editors.

/// The schema as it is printed and as `policies/schema.json` holds it.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", crate::policy::schema())
}
