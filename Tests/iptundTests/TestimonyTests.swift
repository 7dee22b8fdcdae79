// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

/// What root believes of a state that the user of tunnels wrote, who is nobody here.
@Suite(.needsRoot) struct TestimonyTests {
    /// Reads a state of that user's: `nil` when it is refused.
    private func read(_ state: TunnelState) throws -> TunnelState? {
        try withTemporaryDirectory { directory in
            try state.write(to: directory + "/state.json")
            try shell("chown 65534 \(directory)/state.json")
            return try? Testimony.read(directory + "/state.json", writtenBy: .nobody)?.state
        }
    }

    @Test(arguments: [
        Step(change: .setting(.forwarding, 1, on: .lan), before: 0), Step(change: .noCommonRedirects, before: 1),
        Step(change: .setting(.sendRedirects, 0, on: .lan), before: 1),
        Step(change: .proxy(IPv4Address(10, 9, 0, 1), on: .lan)),
        Step(change: .setting(.reversePathFilter, 2, on: .tunnel), before: 0),
    ])
    func `what tunnels change may be taken back`(step: Step) throws {
        #expect(try read(.sample([step])) == .sample([step]))
    }

    @Test(arguments: [
        Step(change: .setting(.reversePathFilter, 1, on: .uplink), before: 0),
        Step(change: .setting(.acceptLocal, 0, on: .uplink), before: 1),
        Step(change: .setting(.forwarding, 0, on: .uplink), before: 1),
        Step(change: .setting(.forwarding, 1, on: .uplink), before: 2), Step(change: .noCommonRedirects, before: 7),
        Step(change: .setting(.proxyARP, 0, on: .uplink), before: 1), Step(change: .up(.uplink)),
    ])
    func `what would weaken the host is refused`(step: Step) throws {
        #expect(try read(.sample([step])) == nil)
    }

    @Test func `names that would be more than text on a terminal are refused`() throws {
        #expect(try read(.sample(device: HostChange.Device(index: 7, name: "a\u{1b}[2J"))) == nil)
        #expect(try read(.sample(device: HostChange.Device(index: 7, name: "a"))) != nil)
    }

    @Test func `a table that no tunnel has is refused`() throws {
        var state = TunnelState.sample()
        state.routing = PolicyRouting(place: 20)
        #expect(try read(state) == nil)
    }

    @Test func `what root writes beside somebody's state becomes theirs`() throws {
        try withTemporaryDirectory { directory in
            try shell("chown 65534:65534 \(directory)")
            try TunnelState.sample().write(to: directory + "/state.json")
            let status = try Files.status(directory + "/state.json")
            #expect((status.owner, status.group, status.mode) == (65_534, 65_534, 0o640))
        }
    }

    @Test(arguments: ["symlink", "hard link", "pipe"])
    func `whatever lies where root writes, nothing else is changed`(kind: String) throws {
        try withTemporaryDirectory { directory in
            let (theirs, roots) = (directory + "/theirs", directory + "/secret")
            try shell("echo secret > \(roots); chmod 600 \(roots); mkdir \(theirs)")
            let command =
                ["symlink": "ln -s \(roots)", "hard link": "ln \(roots)", "pipe": "mkfifo -m 600"][kind] ?? ""
            for name in ["state.json", "lock", "control.sock"] { try shell("\(command) \(theirs)/\(name)") }
            try shell("chown 65534:65534 \(theirs); chown -h 65534:65534 \(theirs)/*; chown root:root \(roots)")
            try TunnelState.sample().write(to: theirs + "/state.json")
            _ = try? LockFile(theirs + "/lock", timeoutMilliseconds: 0)
            let status = try Files.status(roots)
            #expect((status.owner, status.mode, try Files.read(roots)) == (0, 0o600, "secret\n"))
            #expect(try Files.status(theirs + "/state.json").isRegular)
        }
    }
}
