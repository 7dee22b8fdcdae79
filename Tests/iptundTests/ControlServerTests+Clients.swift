// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
@testable import iptund

/// What a client is, and what it hands over.
extension ControlServerTests {
    @Test func `a request tells what its sender may do: who made the server may do all`() throws {
        try withServer { server, path in
            let peer = try Peer(path)
            try peer.send("show\n")
            try serve(&server, until: [peer]) { "\($0.right) \($0.attachment == nil)" }
            #expect(peer.text == "order true")
        }
    }

    @Test(arguments: [0, 1, 300_000]) func `sealed memory arrives with the request that it came with`(size: Int) throws
    {
        let octets = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        try withServer { server, path in
            let peer = try Peer(path)
            var attachment: [UInt8]?
            try peer.send("reload\n", with: try SealedMemory.make(octets))
            try serve(&server, until: [peer]) { request in
                attachment = request.attachment
                return request.verb
            }
            #expect(peer.text == "reload")
            #expect(attachment == octets)
        }
    }

    @Test func `memory may come before the end of the line`() throws {
        try withServer { server, path in
            let peer = try Peer(path)
            try peer.send("rel", with: try SealedMemory.make([7]))
            for _ in 1...3 { try step(&server) { _ in "early" } }
            try peer.send("oad\n")
            try serve(&server, until: [peer]) { "\($0.verb) \($0.attachment ?? [])" }
            #expect(peer.text == "reload [7]")
        }
    }

    @Test func `a file that somebody could still change is refused`() throws {
        try withTemporaryDirectory { directory in
            try Files.write([7], to: directory + "/file")
            try withServer { server, path in
                let peer = try Peer(path)
                try peer.send("reload\n", with: try Descriptor.open(directory + "/file", O_RDWR))
                var count = 0
                try serve(&server, until: [peer]) { _ in
                    count += 1
                    return "answer"
                }
                #expect(peer.isEnded)
                #expect(
                    peer.text
                        == #"{"code":"bad-attachment","error":"a configuration comes as sealed memory, 64 MiB at most","schema":2}"#
                )
                #expect(count == 0)
            }
        }
    }

    @Test func `of what is handed over nothing stays open`() throws {
        try withServer { server, path in
            let before = try Files.entries("/proc/self/fd").count
            for _ in 1...50 {
                let peer = try Peer(path)
                try peer.send("reload\n", with: try SealedMemory.make([7]))
                try serve(&server, until: [peer]) { $0.verb }
            }
            // Other tests open and close meanwhile.
            let isLike = try eventually { try Files.entries("/proc/self/fd").count < before + 40 }
            #expect(isLike)
        }
    }
}
