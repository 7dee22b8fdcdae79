// SPDX-License-Identifier: Apache-2.0

/// What stands between a program and the kernel, and answers some of its system calls itself (strace(1)).
///
/// It is not the parent of the program, whose signals and exit status stay its own, and it does not follow children.
struct Strace {
    /// Where it writes what it saw, one line for each call.
    let log: String
    /// The system call, by name.
    let call: String
    /// What is done to which of the calls: "error=ENOBUFS:when=3".
    let injection: String
    /// Only calls about this path.
    var path: String?

    /// The words in front of the program's own.
    var words: [String] {
        // LeakSanitizer wants to trace too, and a process has one tracer.
        ["sh", "-c", #"ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 exec "$@""#, "sh"]
            + ["strace", "-D", "-o", log, "-e", "trace=\(call)", "-e", "inject=\(call):\(injection)"]
            + (path.map { ["-P", $0] } ?? [])
    }
}
