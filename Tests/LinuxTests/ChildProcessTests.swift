// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct ChildProcessTests {
    private func script(_ text: String) -> [String] { ["sh", "-c", text] }

    @Test(arguments: [0, 1, 2, 127, 255] as [Int32]) func `a program that exits gives its status`(status: Int32) throws
    {
        #expect(try ChildProcess.run(script("exit \(status)")).status == status)
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGUSR1]) func `a program that a signal ended gives 128 and the signal`(
        signal: Int32
    ) throws {
        #expect(try ChildProcess.run(script("kill -\(signal) $$")).status == 128 + signal)
    }

    @Test func `captured text is what both streams said, in order`() throws {
        let ending = try ChildProcess.run(script("echo out; echo error >&2; echo more"))
        #expect(ending.text == "out\nerror\nmore\n")
        #expect(ending.status == 0)
    }

    @Test func `captured text may be longer than a pipe holds`() throws {
        let ending = try ChildProcess.run(script("head -c 300000 /dev/zero | tr '\\0' x"))
        #expect(ending.text == String(repeating: "x", count: 300_000))
    }

    @Test func `arguments arrive as they are`() throws {
        let arguments = ["", "a b", "$HOME", "'", "ä"]
        let ending = try ChildProcess.run(["printf", "%s\\n"] + arguments)
        #expect(ending.text == arguments.joined(separator: "\n") + "\n")
    }

    @Test func `what goes to a file replaces what was there`() throws {
        try withTemporaryDirectory { directory in
            try Files.write(Array("much longer than what comes\n".utf8), to: directory + "/file")
            let child = try ChildProcess.start(script("echo out; echo error >&2"), output: .file(directory + "/file"))
            #expect(try child.wait() == 0)
            #expect(try Files.read(directory + "/file") == "out\nerror\n")
        }
    }

    @Test func `what is discarded goes to nowhere`() throws {
        let child = try ChildProcess.start(
            script("test /proc/self/fd/1 -ef /dev/null && test /proc/self/fd/2 -ef /dev/null"), output: .discarded)
        #expect(try child.wait() == 0)
    }

    @Test func `a program that is not there throws ENOENT`() {
        #expect(thrown { () throws(Errno) in _ = try ChildProcess.run(["/absent/program"]) } == .noSuchFile)
    }

    @Test func `a child that runs has no status yet, and ends by a signal`() throws {
        let child = try ChildProcess.start(["sleep", "60"], output: .discarded)
        #expect(child.poll() == nil)
        child.signal(SIGTERM)
        let deadline = Clock.milliseconds + 10_000
        var status: Int32?
        while status == nil, Clock.milliseconds < deadline {
            status = child.poll()
            sched_yield()
        }
        #expect(status == 128 + SIGTERM)
    }

    @Test func `a child starts with no signal blocked, whatever we have blocked`() throws {
        var blocked = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&blocked)
        unsafe sigaddset(&blocked, SIGUSR2)
        unsafe pthread_sigmask(SIG_BLOCK, &blocked, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let ending = try ChildProcess.run(["grep", "SigBlk", "/proc/self/status"])
        #expect(ending.text == "SigBlk:\t0000000000000000\n")
    }
}
