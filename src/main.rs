//! The `treasuryd` program: arguments in, exit code out.

/// Wipes what is freed, whoever had it: a key or token is copied into buffers of the HTTP client and of TLS that nobody
/// else can reach, and into smaller ones that grew.
#[global_allocator]
static WIPES_WHAT_IS_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    treasuryd::cli::main()
}
