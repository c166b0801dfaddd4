//! Rows that no test of `tests/it` plays, each with its honest reason.

/// Row and reason.
pub const NOT_PLAYED: &[(&str, &str)] = &[
    ("F4", "nobody has written a test from outside for it yet"),
    ("F5", "nobody has written a test from outside for it yet"),
    ("F7", "nobody has written a test from outside for it yet"),
    ("F8", "nobody has written a test from outside for it yet"),
    ("F9", "nobody has written a test from outside for it yet"),
    ("F10", "nobody has written a test from outside for it yet"),
    ("F12", "nobody has written a test from outside for it yet"),
    ("G3", "nobody has written a test from outside for it yet"),
    ("G5", "nobody has written a test from outside for it yet"),
    ("G8", "nobody has written a test from outside for it yet"),
    ("G9", "nobody has written a test from outside for it yet"),
    ("G10", "nobody has written a test from outside for it yet"),
    ("G12", "nobody has written a test from outside for it yet"),
    ("G15", "nobody has written a test from outside for it yet"),
    ("G16", "needs two builders and a signed release, which a test of the program cannot stage"),
    ("H1", "nobody has written a test from outside for it yet"),
    ("H3", "nobody has written a test from outside for it yet"),
    ("H5", "nobody has written a test from outside for it yet"),
];
