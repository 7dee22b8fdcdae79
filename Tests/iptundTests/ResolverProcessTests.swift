// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct ResolverProcessTests {
    typealias Answer = ResolverProcess.Answer

    @Test func `an answer is a name and an address, or a name and a reason`() {
        let found = Answer(Array("b.example\n192.0.2.1".utf8))
        #expect(found == Answer(name: "b.example", outcome: .success([IPv4Address(192, 0, 2, 1)])))
        let several = Answer(Array("b.example\n192.0.2.1 192.0.2.2".utf8))
        #expect(several?.outcome == .success([IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2)]))
        let failed = Answer(Array("b.example\n!Name or service not known".utf8))
        #expect(failed == Answer(name: "b.example", outcome: .failure(.init(why: "Name or service not known"))))
    }

    @Test(arguments: ["", "b.example", "b.example\n", "\n"]) func `what is no answer is none`(text: String) {
        #expect(Answer(Array(text.utf8)) == nil)
    }

    @Test(arguments: ["192.0.2.1 x", "192.0.2", "::1", "!", "192.0.2.1\n!x"])
    func `what is no address is a reason`(text: String) {
        let answer = Answer(Array("b\n\(text)".utf8))
        #expect(throws: ResolverProcess.NameFailure.self) { _ = try answer?.outcome.get() }
        #expect(answer?.name == "b")
    }

    /// In a process of its own, which may fork.
    @Test func `a child finds what is known, says why it does not find the rest, and ends when it is told to`() async {
        await #expect(processExitsWith: .success) {
            let user = geteuid() == 0 ? User.nobody : .current
            let resolver = try ResolverProcess.start(as: user)
            let areAsked = resolver.ask("localhost") && resolver.ask("x.invalid")
            #expect(areAsked)
            var outcomes: [String: [IPv4Address]?] = [:]
            for _ in 1...2 {
                var interests = [resolver.interest]
                try Poll.wait(for: &interests, timeoutMilliseconds: 60_000)
                guard case .answer(let answer) = resolver.answer() else { throw Errno.noSuchFile }
                outcomes[answer.name] = .some(try? answer.outcome.get())
                if case .failure(let failure) = answer.outcome { #expect(!failure.why.isEmpty) }
            }
            #expect(outcomes == ["localhost": [IPv4Address(127, 0, 0, 1)], "x.invalid": nil])
            let socket = try resolver.socket.duplicate()
            resolver.end()
            #expect(try socket.receive(limit: 9) == [])
        }
    }

    /// Whoever gets into it by what a server answered must reach neither the list of changes nor a lock.
    @Test(.needsRoot, .needsNoSanitizer) func `a child writes no file, not even its user's own`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                Files.give(directory, user: User.nobody.id, group: User.nobody.group)
                _ = try Privileges.drop(to: .nobody)
                Confinement.confineChild(to: .resolver, files: ResolverProcess.files, mayTalk: true)
                #expect(throws: Errno.permissionDenied) {
                    try Files.createNew("\(directory)/state.json", [], mode: 0o600)
                }
                #expect(unsafe unlink("/etc/passwd") == -1)
                let file = try Descriptor.open("/etc/passwd", O_RDONLY)
                #expect(flock(file.rawValue, LOCK_EX | LOCK_NB) == -1)
                #expect(try Resolver.address(of: "localhost") == IPv4Address(127, 0, 0, 1))
            }
        }
    }

    @Test func `a child that is gone answers nothing`() async {
        await #expect(processExitsWith: .success) {
            let resolver = try ResolverProcess.start(as: .current)
            // Whichever thread it was that forked.
            let children = try Files.entries("/proc/self/task").flatMap { thread in
                try Files.read("/proc/self/task/\(thread)/children").split(separator: " ")
            }
            let child = try #require(children.first.flatMap { Int32($0) })
            kill(child, SIGKILL)
            var interests = [resolver.interest]
            try Poll.wait(for: &interests, timeoutMilliseconds: 60_000)
            #expect(interests[0].isReady)
            let (answer, isAsked) = (resolver.answer(), resolver.ask("localhost"))
            #expect(answer == .over)
            #expect(!isAsked)
        }
    }
}
