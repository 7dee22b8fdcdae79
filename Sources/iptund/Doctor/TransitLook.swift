// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux
internal import Wire

/// Looks for inner packets that come out of tunnels' devices and are for other hosts. Without `CAP_NET_RAW` it sees none.
struct TransitLook {
    private var sockets: [(device: String, socket: TransitSocket)] = []

    /// So many devices, packets of each, and pairs of addresses are looked at.
    private static let mostDevices = 16
    private static let mostPackets = 512
    private static let mostPairs = 8

    /// Begins to listen to the devices of this network namespace.
    init(_ patients: [Patient], _ netlink: borrowing Netlink) {
        for patient in patients.prefix(TransitLook.mostDevices) where patient.namespaceName == nil {
            guard let device = patient.report?.device, let link = (try? netlink.link(named: device)) ?? nil,
                let socket = try? TransitSocket(link: link.index)
            else { continue }
            sockets.append((device, socket))
        }
    }

    /// The packets that came meanwhile and that this host's routes lead to other links.
    func traffic(_ routes: inout RouteLook, _ netlink: borrowing Netlink) -> [TransitTraffic] {
        var all: [TransitTraffic] = []
        for (device, socket) in sockets {
            var counts: [TransitSocket.Header: Int] = [:]
            for _ in 0..<TransitLook.mostPackets {
                guard let header = socket.next() else { break }
                counts[header, default: 0] += 1
            }
            for (header, count) in counts.sorted(by: { $1.value < $0.value }) where all.count < TransitLook.mostPairs {
                guard header.destination.isUnicast,
                    case .out(let link, _, _) = routes.ask(header.destination, netlink).way, link != device
                else { continue }
                var traffic = TransitTraffic(
                    device, from: header.source, to: header.destination, ipProtocol: header.ipProtocol, packets: count)
                traffic.link = link
                all.append(traffic)
            }
        }
        return all
    }
}
