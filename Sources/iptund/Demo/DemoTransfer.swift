// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// A TCP connection through the tunnel, from a socket on one machine to a socket on the other.
enum DemoTransfer {
    /// What was moved, and how long it took.
    struct Outcome: Equatable {
        let octets: Int
        let milliseconds: UInt64
    }

    private static let port: UInt16 = 2003
    /// How long may pass without an octet.
    private static let patience: Int32 = 5_000

    /// Sends `octets` octets from `sender` to `receiver`.
    static func run(octets: Int, from sender: DemoHost, to receiver: DemoHost) throws(Complaint) -> Outcome {
        guard let address = IPv4Address(receiver.inner) else {
            preconditionFailure("the demo's addresses are literals")
        }
        return try explaining("TCP from \(sender.letter) to \(receiver.letter)", whatNow: "see 'iptund show'") {
            () throws(Errno) in
            let listener = try NamespaceSocket.open(.listener(address, port: port), in: receiver.namespace)
            let source = try NamespaceSocket.open(.connection(address, port: port), in: sender.namespace)
            guard let sink = try listener.accept() else { throw .connectionRefused }
            let start = Clock.milliseconds
            try pump(octets, from: source, to: sink)
            return Outcome(octets: octets, milliseconds: max(1, Clock.milliseconds - start))
        }
    }

    private static func pump(
        _ octets: Int, from source: borrowing Descriptor, to sink: borrowing Descriptor
    ) throws(Errno) {
        let chunk = [UInt8](repeating: 0x49, count: 65_536)
        var (sent, received) = (0, 0)
        while received < octets {
            var interests: [Poll.Interest] = [.reading(sink)]
            if sent < octets { interests.append(.writing(source)) }
            try Poll.wait(for: &interests, timeoutMilliseconds: patience)
            guard interests.contains(where: \.isReady) else { throw .timedOut }
            if sent < octets { sent += try source.send(chunk.prefix(octets - sent)) }
            if interests[0].isReady, let bytes = try sink.receive(limit: 262_144) {
                guard !bytes.isEmpty else { throw .connectionReset }
                received += bytes.count
            }
        }
    }
}
