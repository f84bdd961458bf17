//! The head that model files share: eight bytes of magic, the version, and the BLAKE3 of all that follows.

/// Bytes of the head.
const HEAD: usize = 8 + 4 + 32;

/// A model file of this content.
pub(super) fn seal(magic: &[u8; 8], version: u32, body: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEAD + body.len());
    file.extend_from_slice(magic);
    file.extend_from_slice(&version.to_le_bytes());
    file.extend_from_slice(blake3::hash(body).as_bytes());
    file.extend_from_slice(body);
    file
}
