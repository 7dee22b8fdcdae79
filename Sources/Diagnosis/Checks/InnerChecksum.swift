// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether inner headers arrive with wrong checksums.
package enum InnerChecksum: Check {
    package static let id = "inner.checksum"
    package static let why = "the kernel drops packets with a wrong header checksum without a word"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofDrops(host, .innerChecksum) { _ in "at the peer: ethtool -K DEVICE tx off, or repair the sender" }
    }
}
