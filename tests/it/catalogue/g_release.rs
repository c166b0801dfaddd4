//! G16: the binary that is installed is the one that was built from these sources, or that shows.

use crate::played::{self, row};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// In place of the compiler: what it puts into a binary of the folders that it worked in, after the flags it was given, and
/// of the environment that it saw.
const CARGO: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then echo "cargo 1.2.3"; exit; fi
named() {
  shown=$1
  IFS=$(printf '\037')
  for flag in $CARGO_ENCODED_RUSTFLAGS; do
    rest=${flag#--remap-path-prefix=}
    case $1 in "${rest%%=*}"/*) shown=${rest#*=}${1#"${rest%%=*}"} ;; esac
  done
  echo "$shown"
}
mkdir -p "$CARGO_TARGET_DIR/release"
{
  echo "built by $* for ${USER-nobody} with ${RUSTFLAGS-no flags} on day $SOURCE_DATE_EPOCH"
  named "$PWD/src/main.rs"
  named "$CARGO_HOME/registry/serde.rs"
  named "$CARGO_TARGET_DIR/release/build/zones.rs"
  if [ -e names ]; then cat names; fi
  if [ -e leaks ]; then echo "$CARGO_TARGET_DIR/release/build/zones.rs"; fi
} >"$CARGO_TARGET_DIR/release/treasuryd"
"#;

/// One of a distribution's: its own folder is part of others that its library names.
const RUSTC: &str = "#!/bin/sh
if [ \"$1\" = -vV ]; then echo 'commit-hash: 0123abcd'; else echo /usr; fi
";

/// Somebody who builds: a folder, a user, an environment.
struct Builder {
    home: PathBuf,
    tree: PathBuf,
}

impl Builder {
    fn new(home: &Path, tree: &str) -> Self {
        let (home, tree) = (home.to_owned(), home.join(tree));
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in [home.join("bin"), tree.join("release")] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in ["Cargo.toml", "Cargo.lock", "release/build"] {
            fs::copy(ours.join(file), tree.join(file)).unwrap();
        }
        for (name, text) in [("cargo", CARGO), ("rustc", RUSTC)] {
            let path = home.join("bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { home, tree }
    }

    fn build(&self) -> Output {
        let mut command = Command::new(self.tree.join("release/build"));
        let name = self.home.file_name().unwrap();
        command.env_clear().env("PATH", format!("{}:/usr/bin:/bin", self.home.join("bin").display()));
        command.env("HOME", &self.home).env("USER", name).env("RUSTFLAGS", name).env("SOURCE_DATE_EPOCH", "1764028800");
        command.output().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.tree.join("target/reproducible").join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// As whoever installs it does.
    fn sums_hold(&self) -> bool {
        let folder = self.tree.join("target/reproducible");
        let mut command = Command::new("sha256sum");
        command.args(["--check", "--status", "SHA256SUMS"]).current_dir(folder).status().unwrap().success()
    }
}

// G16: swapped release binary · two builders, same hash; signed provenance.
#[test]
fn g16_two_builders_get_one_file_and_a_swapped_one_does_not_match_its_sums() {
    let _row = row!();
    played::left_out(
        "the compiler is a stand-in here; `release/compare` does it with the real one, in two folders and as two users; \
         nothing is signed, that is the releaser's",
    );
    let folder = tempfile::tempdir().unwrap();
    let one = Builder::new(&folder.path().join("ama"), "src");
    let two = Builder::new(&folder.path().join("kofi"), "another place/treasuryd sources");
    for builder in [&one, &two] {
        let built = builder.build();
        assert!(built.status.success(), "{built:?}");
        assert!(builder.sums_hold());
    }
    for file in ["treasuryd", "PROVENANCE", "SHA256SUMS"] {
        assert_eq!(one.read(file), two.read(file), "{file}");
    }
    let binary = one.read("treasuryd");
    for folder in ["/treasuryd/src/main.rs", "/cargo/registry/serde.rs", "/target/release/build/zones.rs"] {
        assert!(binary.lines().any(|line| line == folder), "{folder}: {binary}");
    }
    assert!(binary.contains("--locked") && binary.contains("for nobody with no flags"), "{binary}");
    let provenance = one.read("PROVENANCE");
    for words in ["commit-hash: 0123abcd", "cargo 1.2.3", "Cargo.lock sha256 ", "profile release"] {
        assert!(provenance.contains(words), "{words}: {provenance}");
    }
    played::times(2);

    // Somebody puts another one in its place, or builds from a changed dependency.
    fs::write(two.file("treasuryd"), binary.replace("serde", "sarde")).unwrap();
    assert!(!two.sums_hold());
    fs::write(two.tree.join("Cargo.lock"), "# another\n").unwrap();
    assert!(two.build().status.success() && two.sums_hold());
    assert_ne!(one.read("SHA256SUMS"), two.read("SHA256SUMS"));
    played::times(2);

    // What the system's own library names is the same everywhere.
    fs::write(two.tree.join("names"), "/usr/lib/debug/.build-id/ /cargo/registry/src/index\n").unwrap();
    assert!(two.build().status.success() && two.sums_hold());
    fs::write(two.tree.join("names"), "/usr/lib/rustlib/src/rust/library/core/src/str.rs\n").unwrap();
    assert_eq!(two.build().status.code(), Some(1));
    fs::remove_file(two.tree.join("names")).unwrap();

    // Somebody's own settings of how things are built, which no environment keeps out.
    let settings = two.home.join(".cargo/config.toml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    for (text, code) in [
        ("# mine\n[source.crates-io]\nreplace-with = 'near'\n[net]\noffline = true\n", 0),
        ("[profile.release]\nlto = false\n", 2),
        ("[net]\noffline = true\n[build]\nrustc-wrapper = 'x'\n", 2),
        ("build.target = 'x'\n", 2),
    ] {
        fs::write(&settings, text).unwrap();
        let built = two.build();
        assert_eq!(built.status.code(), Some(code), "{text}: {built:?}");
    }
    fs::remove_file(&settings).unwrap();
    played::times(6);

    // A folder of this machine that stays in it would make it another file elsewhere: no sums are written for that.
    fs::write(two.tree.join("leaks"), "").unwrap();
    let leaky = two.build();
    let said = String::from_utf8_lossy(&leaky.stderr);
    assert!(!leaky.status.success() && said.contains("a folder of this machine"), "{said}");
    assert!(!two.file("SHA256SUMS").exists());
    played::times(1);
}
