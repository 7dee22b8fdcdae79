// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// What a value is moved into that cannot be copied, where several refer to it.
final class Owned<Value: ~Copyable> {
    var value: Value
    init(_ value: consuming Value) { self.value = value }

    /// What `make` makes; `nil` when it cannot.
    convenience init?(_ make: () throws(Errno) -> Value) {
        do throws(Errno) { self.init(try make()) } catch { return nil }
    }
}

/// The sockets that one peer is tried with, as far as the caller may have them.
final class ProbeSockets {
    /// Echo through the tunnel.
    let inner: EchoSeries?
    /// Echo beside it, with the mark that keeps outer packets out of the tunnel.
    let outer: EchoSeries?
    /// Echo through the tunnel that may not be cut.
    let sizes: EchoSeries?
    let underlay: Owned<UnderlaySocket>?
    let datagrams: Owned<ClosedPortSocket>?
    /// What the caller may not have, and what that would take.
    let shortfalls: [String]

    /// Opens them: what goes through the tunnel where its device is, the rest here.
    init(_ order: ProbeOrder, _ place: borrowing DevicePlace) {
        var options = EchoSocket.Options()
        options.errors = .queued
        options.timing = .kernel
        inner = ProbeSockets.series(options, place)
        options.fragmentation = .forbidden
        sizes = ProbeSockets.series(options, place)
        options.fragmentation = .allowed
        options.mark = order.mark.value
        outer = try? EchoSeries(options)
        underlay = Owned { () throws(Errno) in
            try UnderlaySocket(peer: order.endpoint, local: order.local, mark: order.mark)
        }
        datagrams = Owned { () throws(Errno) in try place.inside { () throws(Errno) in try ClosedPortSocket() } }
        var shortfalls: [String] = []
        if inner == nil {
            shortfalls.append("ICMP echo: run it as root, or let net.ipv4.ping_group_range hold your group")
        }
        if underlay == nil { shortfalls.append("protocol 4 by itself, and what ICMP says of it: run it as root") }
        self.shortfalls = shortfalls
    }

    private static func series(_ options: EchoSocket.Options, _ place: borrowing DevicePlace) -> EchoSeries? {
        try? place.inside { () throws(Errno) in try EchoSeries(options) }
    }

    var series: [EchoSeries] { [inner, outer, sizes].compactMap(\.self) }

    /// What to wait for.
    var interests: [Poll.Interest] {
        var interests = series.map(\.interest)
        if let underlay { interests.append(.reading(underlay.value.descriptor)) }
        if let datagrams { interests.append(.reading(datagrams.value.descriptor)) }
        return interests
    }
}
