//! Writing a [`Uri`]: every value escaped, the PIN left out.

use std::fmt;

use super::Uri;

/// The URI without its PIN and without vendor attributes; parsing it gives the same names again.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.as_ref().map(|text| text.clone().into_bytes());
        let path = [
            ("token", text(&self.token)),
            ("manufacturer", text(&self.manufacturer)),
            ("serial", text(&self.serial)),
            ("model", text(&self.model)),
            ("library-manufacturer", text(&self.library_manufacturer)),
            ("library-description", text(&self.library_description)),
            (
                "library-version",
                self.library_version.map(|(a, b)| format!("{a}.{b}").into_bytes()),
            ),
            ("slot-description", text(&self.slot_description)),
            ("slot-manufacturer", text(&self.slot_manufacturer)),
            ("slot-id", self.slot_id.map(|id| id.to_string().into_bytes())),
            ("object", text(&self.object)),
            ("id", self.id.clone()),
            (
                "type",
                self.object_type.map(|kind| kind.as_str().as_bytes().to_vec()),
            ),
        ];
        let query = [
            ("module-path", text(&self.module_path)),
            ("module-name", text(&self.module_name)),
            (
                "pin-source",
                self.pin_source
                    .as_ref()
                    .map(|source| source.0.clone().into_bytes()),
            ),
        ];
        f.write_str("pkcs11:")?;
        write_attributes(f, "", ";", b"", path)?;
        write_attributes(f, "?", "&", b"/", query)
    }
}

fn write_attributes<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    first: &str,
    between: &str,
    also_plain: &[u8],
    attributes: [(&str, Option<Vec<u8>>); N],
) -> fmt::Result {
    let mut before = first;
    for (name, value) in attributes {
        let Some(value) = value else { continue };
        write!(f, "{before}{name}=")?;
        for byte in value {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also_plain.contains(&byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        before = between;
    }
    Ok(())
}
