//! Labels, and three ways to lose them.

use std::ffi::{c_char, CStr, CString};

extern "C" {
    fn strdup(text: *const c_char) -> *mut c_char;
    fn free(block: *mut c_char);
}

pub struct Label {
    pub text: String,
    pub copies: Vec<u64>,
}

pub fn label(text: &str) -> Box<Label> {
    Box::new(Label { text: text.to_owned(), copies: vec![7; 100] })
}

/// Copies a text by way of C, and frees the copy only when it is not empty.
pub fn copy(text: &str) -> Option<String> {
    let text = CString::new(text).ok()?;
    unsafe {
        let copy = strdup(text.as_ptr());
        let result = CStr::from_ptr(copy).to_str().ok()?.to_owned();
        if result.is_empty() {
            return None;
        }
        free(copy);
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_dropped() {
        assert_eq!(label("dropped").copies.len(), 100);
    }

    #[test]
    fn a_label_is_forgotten() {
        std::mem::forget(label("forgotten"));
    }

    #[test]
    fn a_copy_is_freed() {
        assert_eq!(copy("text"), Some("text".to_owned()));
    }

    #[test]
    fn an_empty_copy_is_lost() {
        assert_eq!(copy(""), None);
    }

    #[test]
    fn what_a_static_holds_is_no_leak() {
        static HELD: std::sync::OnceLock<&'static Label> = std::sync::OnceLock::new();
        HELD.get_or_init(|| Box::leak(label("held")));
    }
}
