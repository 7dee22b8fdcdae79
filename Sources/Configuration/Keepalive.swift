// SPDX-License-Identifier: Apache-2.0

package import Wire

/// When a silent peer is asked for a sign of life, and when it counts as gone.
package struct Keepalive: Equatable, Sendable {
    /// How long a peer may be silent before it is asked, and between two questions, seconds.
    package var seconds: Int
    /// How many questions in a row may stay without an answer.
    package var misses: Int

    /// Asks after so many seconds, and gives up after so many questions.
    package init(seconds: Int, misses: Int = 3) {
        self.seconds = seconds
        self.misses = misses
    }

    /// What the silence may be: NAT and firewalls forget after minutes, and more than an hour is no keepalive.
    static let secondsRange = 1...3_600
    static let missesRange = 1...100

    /// As it is written: `10s,3`.
    package var text: String { "\(seconds)s,\(misses)" }
}

extension Entry {
    /// `Keepalive`: `off`, or `10s,3`, of which the number of misses may be left out.
    package func keepalive() throws(Complaint) -> Keepalive? {
        if text == "off" { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            part.drop(while: \.isWhitespace)
        }
        if let first = parts.first, parts.count <= 2, first.hasSuffix("s"),
            let seconds = Entry(key, String(first.dropLast()), at: place).number(in: Keepalive.secondsRange)
        {
            if parts.count == 1 { return Keepalive(seconds: seconds) }
            if let misses = Entry(key, String(parts[1]), at: place).number(in: Keepalive.missesRange) {
                return Keepalive(seconds: seconds, misses: misses)
            }
        }
        throw refusal(
            why: "neither off nor seconds and a number of misses",
            whatNow: "such as 10s,3: ask after ten seconds of silence, and three answers may be missing; 1s to 3600s")
    }

    /// `Probe`: an address that one host can have.
    package func probe() throws(Complaint) -> IPv4Address {
        guard let address = IPv4Address(text) else {
            throw refusal(why: "not an IPv4 address", whatNow: "give an inner address that the peer answers at")
        }
        try checkUnicast(address)
        return address
    }
}
