//! The `yihao` program: hands the command line to [`yihao::cli`] and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    yihao::cli::main()
}
