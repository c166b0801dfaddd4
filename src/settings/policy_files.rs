//! Policy files from disk, all or none. Their text is the `policy` room's business.

use super::disk::{self, Unread};
use super::finding::{Findings, Place, SettingsError, shown};
use std::path::{Path, PathBuf};

/// The largest policy file.
const MOST_BYTES: u32 = 1 << 20;
/// What to do where there is nothing to read.
const HINT: &str = "check `policies.path`: a YAML file, or a folder of them";

/// The policies at `path`: a file, or a folder's `*.yaml` and `*.yml` (not hidden, not below it) in the order of
/// their names. Pairs of path and text.
///
/// # Errors
/// [`SettingsError`] with every problem: missing, no policy in the folder, unreadable, no regular file, over 1 MiB, not
/// UTF-8, or writable by others.
pub fn read_policy_files(path: &Path) -> Result<Vec<(String, String)>, SettingsError> {
    let mut findings = Findings::default();
    let files = list(path, &mut findings);
    let read: Vec<_> = files.iter().filter_map(|file| read(file, &mut findings)).collect();
    if findings.has_errors() { Err(findings.into_error()) } else { Ok(read) }
}

fn list(path: &Path, findings: &mut Findings) -> Vec<PathBuf> {
    let place = Place::path(path);
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            findings.io(&place, "policies-unreadable", "the policies cannot be read", &error, HINT);
            return Vec::new();
        }
    };
    if !metadata.is_dir() {
        return vec![path.to_path_buf()];
    }
    if disk::writable_by_others(&metadata) {
        refuse_writable(&place, "anyone may add a policy to this folder", findings);
    }
    let files = match policy_names(path) {
        Ok(files) => files,
        Err(error) => {
            findings.io(&place, "policies-unreadable", "the folder of policies cannot be read", &error, HINT);
            return Vec::new();
        }
    };
    if files.is_empty() {
        let hint = "put a *.yaml file there, or set `policies.path`";
        findings.error(&place, "no-policy", "the folder holds no policy file", hint);
    }
    files
}

fn policy_names(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|file| is_policy(file)).collect();
    files.sort();
    Ok(files)
}

/// Back-ups and lock files of editors end otherwise (`a.yaml~`, `a.yaml.bak`) or are hidden (`.a.yaml.swp`, `.#a.yaml`).
fn is_policy(file: &Path) -> bool {
    let hidden = file.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(file: &Path, findings: &mut Findings) -> Option<(String, String)> {
    let place = Place::path(file);
    let (bytes, metadata) = match disk::read_regular(file, MOST_BYTES) {
        Ok(read) => read,
        Err(Unread::Io(error)) => {
            findings.io(&place, "policies-unreadable", "the policy file cannot be read", &error, HINT);
            return None;
        }
        Err(Unread::Unfit(what)) => {
            findings.error(&place, "policy-file", format!("the policy file {what}"), "a policy is a small YAML file");
            return None;
        }
    };
    if disk::writable_by_others(&metadata) {
        refuse_writable(&place, "anyone may change this policy", findings);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some((shown(file), text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            findings.error(&place, "not-utf8", format!("byte {at} is not UTF-8"), "save the file as UTF-8");
            None
        }
    }
}

fn refuse_writable(place: &Place, message: &str, findings: &mut Findings) {
    findings.error(place, "writable-by-others", message, "take the right from others: chmod o-w");
}

/// reliability.md F3, F5 and F12: what is no policy file is refused, and nothing is ever half read.
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn names(path: &Path) -> Vec<String> {
        let files = read_policy_files(path).unwrap_or_else(|error| panic!("{error}"));
        files.iter().map(|(file, _)| file.rsplit('/').next().unwrap().to_owned()).collect()
    }

    fn codes(path: &Path) -> Vec<&'static str> {
        read_policy_files(path).unwrap_err().diagnostics().iter().map(|found| found.code).collect()
    }

    #[test]
    fn a_folder_gives_its_yaml_files_in_order_and_nothing_else() {
        let ignored = [".c.yaml", "a.yaml~", "a.yaml.bak", "#a.yaml#", ".#a.yaml", "README.md", "yaml"];
        let folder = folder(&[("b.yml", "b"), ("a.yaml", "a")]);
        for name in ignored {
            std::fs::write(folder.path().join(name), "no policy").unwrap();
        }
        let outside = self::folder(&[("real", "c")]);
        symlink(outside.path().join("real"), folder.path().join("c.yaml")).unwrap();
        assert_eq!(names(folder.path()), ["a.yaml", "b.yml", "c.yaml"]);
        assert_eq!(names(&folder.path().join("b.yml")), ["b.yml"]);
        assert_eq!(names(&folder.path().join("README.md")), ["README.md"], "a file named outright needs no ending");
    }

    #[test]
    fn one_bad_file_refuses_all_and_every_bad_one_is_named() {
        let folder = folder(&[("a.yaml", "good"), ("b.yaml", ""), ("z.yaml", "")]);
        std::fs::write(folder.path().join("b.yaml"), [b'x'; 3].iter().chain(&[0xff]).copied().collect::<Vec<_>>())
            .unwrap();
        std::fs::File::create(folder.path().join("c.yaml")).unwrap().set_len((1 << 20) + 1).unwrap();
        std::fs::create_dir(folder.path().join("d.yaml")).unwrap();
        symlink("nowhere", folder.path().join("e.yaml")).unwrap();
        symlink("/dev/zero", folder.path().join("f.yaml")).unwrap();
        let open = folder.path().join("z.yaml");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o666)).unwrap();
        let expected =
            ["not-utf8", "policy-file", "policy-file", "policies-unreadable", "policy-file", "writable-by-others"];
        assert_eq!(codes(folder.path()), expected);
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = folder(&[]);
        let pipe = folder.path().join("p.yaml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert_eq!(codes(folder.path()), ["policy-file"]);
        assert_eq!(codes(&pipe), ["policy-file"]);
    }

    #[test]
    fn nothing_there_is_an_error() {
        let folder = folder(&[("notes.txt", "")]);
        assert_eq!(codes(folder.path()), ["no-policy"]);
        assert_eq!(codes(&folder.path().join("missing")), ["policies-unreadable"]);
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(codes(folder.path()), ["writable-by-others", "no-policy"]);
    }
}
