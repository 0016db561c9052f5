//! Addresses of folders and bucket prefixes, in one normal form.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::LakeError;

/// What a path segment of an address may not hold as it is.
const SEGMENT: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`').add(b'\\');

/// Longest address, in bytes.
const LONGEST: usize = 2_048;

/// A normalised location: `file:///absolute/folder/` or `s3://bucket/prefix/`.
///
/// Two texts that mean the same place parse to equal values: a trailing slash is added, percent escapes are
/// decoded and written one way, and whatever could leave the place (`..`, `.`, encoded slashes) is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocationUri {
    /// The bucket; `None` for a folder of this machine.
    bucket: Option<String>,
    /// Decoded path segments, none of them empty.
    segments: Vec<String>,
}

impl LocationUri {
    /// Reads an address.
    ///
    /// # Errors
    /// [`LakeError::Location`] says what does not fit.
    pub fn parse(text: &str) -> Result<Self, LakeError> {
        if text.len() > LONGEST {
            return refuse(format!("a location has at most {LONGEST} bytes"));
        }
        if text.contains(['?', '#']) {
            return refuse("a location has no query and no fragment; write ? as %3F and # as %23");
        }
        if let Some(path) = text.strip_prefix("file://") {
            return Self::folder(path);
        }
        match text.strip_prefix("s3://") {
            Some(rest) => Self::prefix(rest),
            None => refuse("a location begins with file:/// or s3://"),
        }
    }

    fn folder(path: &str) -> Result<Self, LakeError> {
        let Some(path) = path.strip_prefix('/') else {
            return refuse("a folder is given by its absolute path, such as file:///data/sales/");
        };
        let segments = path.split('/').filter(|s| !s.is_empty()).map(decode).collect::<Result<Vec<_>, _>>()?;
        if segments.is_empty() {
            return refuse("the root folder of the machine cannot be a location");
        }
        Ok(Self { bucket: None, segments })
    }

    fn prefix(rest: &str) -> Result<Self, LakeError> {
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(fits) || bucket.contains("..") {
            return refuse("a bucket name has 3 to 63 lower-case letters, digits, points and hyphens");
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments =
            if path.is_empty() { Vec::new() } else { path.split('/').map(decode).collect::<Result<_, _>>()? };
        Ok(Self { bucket: Some(bucket.to_owned()), segments })
    }

    /// The location of a folder of this machine.
    ///
    /// # Errors
    /// A path that is not absolute, not UTF-8 or not in its plain form.
    pub fn of_folder(path: &Path) -> Result<Self, LakeError> {
        match path.to_str().and_then(|p| p.strip_prefix('/')) {
            Some(relative) => Self { bucket: None, segments: Vec::new() }.join(relative),
            None => refuse("a folder is given by its absolute path"),
        }
    }

    /// The bucket, for an S3 location.
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// The decoded path below the bucket or the machine's root, without slashes at its ends.
    pub fn path(&self) -> String {
        self.segments.join("/")
    }

    /// The folder on this machine, for a `file` location.
    pub fn folder_path(&self) -> Option<PathBuf> {
        self.bucket.is_none().then(|| PathBuf::from(format!("/{}", self.path())))
    }

    /// The last folder's name, or the bucket's.
    pub fn last_name(&self) -> &str {
        self.segments.last().or(self.bucket.as_ref()).map_or("", String::as_str)
    }

    /// The location of a folder below this one; `relative` is `/`-separated and not percent-encoded.
    ///
    /// # Errors
    /// A segment that is empty, `.`, `..` or holds control characters.
    pub fn join(&self, relative: &str) -> Result<Self, LakeError> {
        let mut joined = self.clone();
        for segment in relative.split('/').filter(|s| !s.is_empty()) {
            joined.segments.push(check(segment.to_owned())?);
        }
        Ok(joined)
    }

    /// Whether one of the two places lies within the other, or both are the same.
    ///
    /// Buckets are compared by name alone: two endpoints with a bucket of one name count as overlapping, because
    /// nothing proves that they are two.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.bucket == other.bucket && self.segments.iter().zip(&other.segments).all(|(a, b)| a == b)
    }

    /// Whether `inner` is this place or lies below it.
    pub fn contains(&self, inner: &Self) -> bool {
        self.overlaps(inner) && inner.segments.len() >= self.segments.len()
    }
}

impl fmt::Display for LocationUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bucket {
            Some(bucket) => write!(f, "s3://{bucket}/")?,
            None => f.write_str("file:///")?,
        }
        for segment in &self.segments {
            write!(f, "{}/", utf8_percent_encode(segment, SEGMENT))?;
        }
        Ok(())
    }
}

/// Whether two addresses overlap (see [`LocationUri::overlaps`]).
///
/// # Errors
/// One of them is not an address.
pub fn overlaps(a: &str, b: &str) -> Result<bool, LakeError> {
    Ok(LocationUri::parse(a)?.overlaps(&LocationUri::parse(b)?))
}

fn decode(segment: &str) -> Result<String, LakeError> {
    let bytes = segment.as_bytes();
    let escapes_fit = bytes
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'%')
        .all(|(at, _)| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)));
    if !escapes_fit {
        return refuse("a % in a location begins an escape such as %20; write %25 for the sign itself");
    }
    match percent_decode_str(segment).decode_utf8() {
        Ok(text) => check(text.into_owned()),
        Err(_) => refuse("a location is UTF-8 text"),
    }
}

fn check(segment: String) -> Result<String, LakeError> {
    if segment.is_empty() || segment == "." || segment == ".." {
        return refuse("a location has no empty part and neither . nor .. among its parts");
    }
    if segment.chars().any(|c| c.is_control() || c == '/') {
        return refuse("a location has no control characters and no encoded slash");
    }
    Ok(segment)
}

fn refuse<T>(why: impl Into<String>) -> Result<T, LakeError> {
    Err(LakeError::Location(why.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_place_has_one_form() {
        for (text, normal) in [
            ("file:///data/sales", "file:///data/sales/"),
            ("file:///data//sales/", "file:///data/sales/"),
            ("file:///data/a%20b/", "file:///data/a%20b/"),
            ("file:///data/a b", "file:///data/a%20b/"),
            ("file:///d%61ta/year=2020/", "file:///data/year=2020/"),
            ("s3://bucket", "s3://bucket/"),
            ("s3://bucket/a/b%2Bc/", "s3://bucket/a/b+c/"),
        ] {
            let parsed = LocationUri::parse(text).unwrap();
            assert_eq!(parsed.to_string(), normal);
            assert_eq!(LocationUri::parse(&parsed.to_string()).unwrap(), parsed);
        }
    }

    #[test]
    fn what_could_escape_is_refused() {
        for text in [
            "file:///data/../etc",
            "file:///data/%2e%2e/etc",
            "file:///data/./x",
            "file:///a%2Fb",
            "file:///",
            "file://host/x",
            "data/x",
            "s3://b/x",
            "s3://Bucket/x",
            "s3://bucket/a//b",
            "s3://bucket/a?x=1",
            "s3://bucket/a#b",
            "file:///a%00b",
            "file:///a%zz",
            "http://bucket/a",
            "s3://bucket/..",
            "",
        ] {
            assert!(matches!(LocationUri::parse(text), Err(LakeError::Location(_))), "{text}");
        }
        assert!(LocationUri::parse("file:///a").unwrap().join("b/../c").is_err());
    }

    #[test]
    fn neighbours_with_a_common_beginning_do_not_overlap() {
        assert!(!overlaps("s3://bucket/sales", "s3://bucket/sales2").unwrap());
        assert!(overlaps("s3://bucket/sales", "s3://bucket/sales/2020/").unwrap());
        assert!(overlaps("s3://bucket", "s3://bucket/x").unwrap());
        assert!(!overlaps("s3://bucket/x", "file:///bucket/x").unwrap());
    }

    fn folder() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[ab %é=]{1,2}", 1..4)
    }

    fn uri(segments: &[String]) -> LocationUri {
        LocationUri::parse("s3://bucket/").unwrap().join(&segments.join("/")).unwrap()
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_means_a_common_file(a in folder(), b in folder(), tail in folder()) {
            let (x, y) = (uri(&a), uri(&b));
            prop_assert_eq!(x.overlaps(&y), y.overlaps(&x));
            prop_assert!(x.overlaps(&x));
            // Everything below x lies in y exactly if y contains x; a common file exists exactly if they overlap.
            let text = |v: &[String]| format!("{}/", v.join("/"));
            let common = text(&a).starts_with(&text(&b)) || text(&b).starts_with(&text(&a));
            prop_assert_eq!(x.overlaps(&y), common);
            prop_assert!(x.contains(&x.join(&tail.join("/")).unwrap()));
            prop_assert_eq!(LocationUri::parse(&x.to_string()).unwrap(), x);
        }
    }
}
