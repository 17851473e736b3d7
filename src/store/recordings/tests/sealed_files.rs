//! Sealed files in the hands of somebody who wants to change what was said.

use super::*;
use crate::store::recordings::settle;

#[test]
fn nothing() {
    let key = vault(&["a"]);
    let disk = FakeDisk::new(1, 1 << 20);
    let _ = begin(&disk, "x.wav", Channels::One, &key);
    assert!(settle(&disk, Path::new(DIR), "x.wav", &key).is_ok());
}
