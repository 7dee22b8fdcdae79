// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What the keys of a peer say.
extension Entry {
    /// `Name`: what fits into a line of a report, and into a label.
    package func peerName() throws(Complaint) -> String {
        guard isPlain(text), (1...63).contains(text.utf8.count), text.first != "-" else {
            throw refusal(why: "not a name for a peer", whatNow: "use up to 63 letters, digits, '-', '_' or '.'")
        }
        return text
    }

    /// `Endpoint`: an address that one host can have, or a name.
    package func endpoint() throws(Complaint) -> PeerAddress {
        guard let peer = PeerAddress(text) else {
            throw refusal(
                why: "neither an IPv4 address nor a host name",
                whatNow: "give the other end's address, such as 192.0.2.1")
        }
        if case .address(let address) = peer { try checkUnicast(address) }
        return peer
    }

    /// `AllowedIPs`.
    package func allowed() throws(Complaint) -> Prefix { try prefix() }
}
