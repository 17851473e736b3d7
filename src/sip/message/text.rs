//! Header octets as text: UTF-8 as RFC 3261 wants it, else GB18030 as older Chinese switches send it. Knows no header.

use std::borrow::Cow;

/// The text of header octets. Octets that are no UTF-8 are read as GB18030 (GBK and GB 2312 are parts of it), where
/// nonsense becomes U+FFFD; nothing is ever refused, because a display name must not cost a citizen the call.
///
/// Decode before looking for quotes and backslashes: the second octet of a GBK character may be a backslash.
pub fn decode(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(octets).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gbk_octets_become_the_characters_they_meant() {
        let gbk = [0xD5, 0xC5, 0xC8, 0xFD]; // 张三
        assert_eq!(decode(&gbk), "张三");
        assert_eq!(decode("张三".as_bytes()), "张三");
    }

    #[test]
    fn nonsense_becomes_a_replacement_character() {
        assert!(decode(&[0xFF, b'a']).contains('\u{FFFD}'));
    }
}
