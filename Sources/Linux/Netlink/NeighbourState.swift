// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// Neighbours of a link.
extension Netlink {
    /// Returns whether ARP has asked for `address` on the link of number `link` and was not answered: the kernel gave up
    /// (`NUD_FAILED`), or asks again for a second at least (`NUD_INCOMPLETE`, which begins with a count of 3 and adds one for
    /// each question, net/core/neighbour.c). False where the kernel knows no such neighbour, or has not asked for it yet.
    ///
    /// `ip neigh get ADDRESS dev NAME`. Needs Linux 5.0; false before. Needs no privilege.
    package func isSilentNeighbour(_ address: IPv4Address, link: Int32) throws(Errno) -> Bool {
        var header = ndmsg()
        header.ndm_family = UInt8(AF_INET)
        header.ndm_ifindex = link
        let request = try Request(RTM_GETNEIGH, header)
        try request.put(NDA_DST, address)
        do throws(Errno) {
            let answers = try collect(request) { reply in
                let state = Int32(reply.header.ndm_state)
                return state & NUD_FAILED != 0 || state & NUD_INCOMPLETE != 0 && (reply.number(NDA_PROBES) ?? 0) > 4
            }
            return answers.contains(true)
        } catch {
            guard [.noSuchFile, .invalidArgument, .notSupported].contains(error) else { throw error }
            return false
        }
    }
}
