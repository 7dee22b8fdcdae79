// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What `iperf3 -J` prints on the client's side, as far as it matters here.
package enum IperfOutput {
    /// What a TCP test found.
    package struct TCP: Equatable, Sendable {
        package let gigabitsPerSecond: Double
        package let retransmits: Int
        /// Delivered, whichever way it went.
        package let octets: Int
    }

    /// What a UDP test found.
    package struct UDP: Equatable, Sendable {
        package let receivedPerSecond: Double
        package let lossPercent: Double
    }

    package static func tcp(_ text: String) throws(Complaint) -> TCP {
        let end = try end(of: text)
        guard let received = end.sum_received, received.bytes > 0 else { throw complaint("nothing was received") }
        return TCP(
            gigabitsPerSecond: received.bits_per_second / 1e9, retransmits: end.sum_sent?.retransmits ?? 0,
            octets: received.bytes)
    }

    /// The receiver counts what comes; packets after the last that came are known to the sender alone. So what was
    /// received is taken from the receiver, what was sent from the sender, and the loss is what is between.
    ///
    /// - Parameter payloadLength: how many octets of payload were sent in each packet.
    package static func udp(_ text: String, payloadLength: Int) throws(Complaint) -> UDP {
        let end = try end(of: text)
        guard let sum = end.sum, let sent = end.sum_sent?.packets ?? sum.packets, sent > 0, sum.seconds > 0 else {
            throw complaint("nothing was sent")
        }
        let received = end.sum_received.map { $0.bytes / payloadLength } ?? sent - (sum.lost_packets ?? 0)
        let loss = 100 * Double(max(0, sent - received)) / Double(sent)
        return UDP(receivedPerSecond: Double(received) / sum.seconds, lossPercent: loss)
    }

    private struct Document: Decodable {
        let end: End?
        let error: String?
    }

    private struct End: Decodable {
        let sum: Sum?
        let sum_sent: Sum?
        let sum_received: Sum?
    }

    private struct Sum: Decodable {
        let seconds: Double
        let bytes: Int
        let bits_per_second: Double
        let retransmits: Int?
        let packets: Int?
        let lost_packets: Int?
    }

    /// iperf3 says what went wrong inside of its JSON, and may even end with status 0.
    private static func end(of text: String) throws(Complaint) -> End {
        let words = text.split(whereSeparator: \.isWhitespace).prefix(12).joined(separator: " ")
        let json = document(in: text)
        guard let document = try? JSONDecoder().decode(Document.self, from: json) else {
            // An error leaves `end` empty, or half filled.
            if let error = try? JSONDecoder().decode(ErrorOnly.self, from: json) {
                throw complaint(error.error)
            }
            throw complaint(words.isEmpty ? "it printed nothing" : "it printed '\(words)'")
        }
        if let error = document.error { throw complaint(error) }
        guard let end = document.end else { throw complaint("its output has no end") }
        return end
    }

    private struct ErrorOnly: Decodable { let error: String }

    /// What is between the outermost braces: warnings may stand around them.
    private static func document(in text: String) -> Data {
        let bytes = Data(text.utf8)
        guard let start = bytes.firstIndex(of: UInt8(ascii: "{")), let end = bytes.lastIndex(of: UInt8(ascii: "}")),
            start < end
        else { return Data() }
        return bytes[start...end]
    }

    private static func complaint(_ why: String) -> Complaint {
        Complaint("iperf3", why: why, whatNow: "does the tunnel carry packets of every size?")
    }
}
