//! The command line.
mod call;
/// Runs the program.
pub fn main() -> std::process::ExitCode { std::process::ExitCode::SUCCESS }
type Done = Result<std::process::ExitCode, Box<dyn std::error::Error>>;
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
