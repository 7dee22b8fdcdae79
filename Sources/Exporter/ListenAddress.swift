// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import FlyingSocks
internal import Glibc

/// Where to listen: an address, not a name, and a port.
struct ListenAddress: CustomStringConvertible {
    /// The address for the socket.
    let socket: any SocketAddress
    /// As it stands in a URL.
    let description: String

    /// Reads `127.0.0.1:20030`, or `[::1]:20030` with an IPv6 address.
    init(_ text: String) throws(Complaint) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ListenAddress.complaint(text, why: "no port from 0 to 65535 behind a colon")
        }
        let host = text[..<colon]
        do {
            if host.hasPrefix("["), host.hasSuffix("]") {
                socket = try .inet6(ip6: String(host.dropFirst().dropLast()), port: port) as sockaddr_in6
            } else {
                socket = try .inet(ip4: String(host), port: port) as sockaddr_in
            }
        } catch {
            throw ListenAddress.complaint(text, why: "'\(host)' is no IPv4 address, and no IPv6 address in brackets")
        }
        description = text
    }

    private static func complaint(_ text: String, why: String) -> Complaint {
        .usage("--listen \(text)", why: why, whatNow: "write it as 127.0.0.1:20030 or [::1]:20030")
    }
}
