//! The `treasuryd` program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    treasuryd::cli::main()
}
