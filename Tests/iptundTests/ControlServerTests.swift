// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct ControlServerTests {
    @Test func `one line in, one line out, and the connection ends`() throws {
        try withServer { server, path in
            var requests: [String] = []
            let peer = try Peer(path)
            try peer.send("show\n")
            try serve(&server, until: [peer]) { request in
                requests.append(request.verb)
                return "the answer"
            }
            #expect(requests == ["show"])
            #expect(peer.received == Array("the answer\n".utf8))
            #expect(peer.isEnded)
            #expect(server.interests.count == 1)
            #expect(server.timeoutMilliseconds == -1)
        }
    }

    @Test func `a request may come in pieces, and what follows its line is not looked at`() throws {
        try withServer { server, path in
            let peer = try Peer(path)
            for piece in ["sh", "o", "w\nmore\n"] {
                #expect(!peer.isEnded)
                try peer.send(piece)
                for _ in 1...3 { try step(&server) { $0.verb.uppercased() } }
            }
            peer.read()
            #expect(peer.text == "SHOW")
        }
    }

    @Test func `clients are answered side by side`() throws {
        try withServer { server, path in
            let peers = try (0..<16).map { _ in try Peer(path) }
            for (number, peer) in peers.enumerated().reversed() { try peer.send("\(number)\n") }
            try serve(&server, until: peers) { "answer \($0.verb)" }
            #expect(peers.map(\.text) == (0..<16).map { "answer \($0)" })
        }
    }

    @Test func `an answer that is longer than the socket takes arrives whole`() throws {
        try withServer { server, path in
            let answer = String(repeating: "0123456789abcdef", count: 1 << 18)  // 4 MiB
            let peer = try Peer(path)
            try peer.send("show\n")
            try serve(&server, until: [peer]) { _ in answer }
            #expect(peer.received.count == answer.utf8.count + 1)
            #expect(peer.text == answer)
        }
    }

    @Test func `sixteen clients are served at once, and who has only waited longest makes room for another`() throws {
        try withServer { server, path in
            let waiting = try (0..<16).map { _ in try Peer(path) }
            try step(&server) { $0.verb }
            #expect(server.interests.count == 1 + 16)
            let surplus = try Peer(path)
            try step(&server) { $0.verb }
            #expect(server.interests.count == 1 + 16)
            try serve(&server, until: [waiting[0]]) { $0.verb }
            #expect(waiting[0].received.isEmpty)
            let served = waiting.dropFirst() + [surplus]
            for peer in served { try peer.send("x\n") }
            try serve(&server, until: Array(served)) { $0.verb }
            #expect(served.hasOnly { $0.text == "x" })
        }
    }

    @Test func `those who ask for a report at once get the same one, and a later one is made anew`() throws {
        try withServer { server, path in
            var count = 0
            func answer(_ request: ControlRequest) -> String {
                count += 1
                return "\(request.verb) \(count)"
            }
            let peers = try (0..<8).map { _ in try Peer(path) }
            try step(&server, answer: answer)
            for (number, peer) in peers.enumerated() { try peer.send(number == 4 ? "other\n" : "show\n") }
            try serve(&server, until: peers, answer: answer)
            #expect(
                peers.map(\.text) == ["show 1", "show 1", "show 1", "show 1", "other 2"]
                    + Array(repeating: "show 3", count: 3))
        }
    }

    @Test func `a client that goes away makes room`() throws {
        try withServer { server, path in
            do {
                let peers = try (0..<16).map { _ in try Peer(path) }
                try step(&server) { $0.verb }
                #expect(server.interests.count == 1 + peers.count)
            }
            let isEmpty = try eventually {
                try step(&server) { $0.verb }
                return server.interests.count == 1
            }
            #expect(isEmpty)
        }
    }
}
