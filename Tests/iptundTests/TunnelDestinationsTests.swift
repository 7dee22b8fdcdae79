// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

/// Which addresses are the tunnel's alone.
@Suite struct TunnelDestinationsTests {
    private static func text(_ allowed: [String], besides elsewhere: [String] = []) -> [String] {
        TunnelDestinations.ranges(allowed.map(block), besides: elsewhere.map(block)).map { range in
            let ends = [range.first, range.last].map { IPv4Address(rawValue: UInt32($0)) }
            return "\(ends[0])-\(ends[1])"
        }
    }

    @Test func `all of a prefix is`() {
        #expect(Self.text(["203.0.113.0/24"]) == ["203.0.113.0-203.0.113.255"])
        #expect(Self.text(["203.0.113.7/32"]) == ["203.0.113.7-203.0.113.7"])
        #expect(Self.text([]) == [])
    }

    @Test func `of everything, what is on the link is not`() {
        #expect(Self.text(["0.0.0.0/0"]) == ["0.0.0.0-223.255.255.255", "240.0.0.0-255.255.255.254"])
        #expect(Self.text(["0.0.0.0/1", "128.0.0.0/1"]) == Self.text(["0.0.0.0/0"]))
        #expect(Self.text(["224.0.0.0/4"]) == ["224.0.0.0-239.255.255.255"])
        #expect(Self.text(["224.0.0.5/32"]) == ["224.0.0.5-224.0.0.5"])
    }

    @Test func `a longer prefix of other routes is not, and one as long is`() {
        #expect(
            Self.text(["10.0.0.0/8"], besides: ["10.1.0.0/16", "0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24"])
                == ["10.0.0.0-10.0.255.255", "10.2.0.0-10.255.255.255"])
        #expect(Self.text(["10.1.0.0/16"], besides: ["10.0.0.0/8"]) == ["10.1.0.0-10.1.255.255"])
        #expect(Self.text(["10.1.0.0/16"], besides: ["10.1.0.0/17", "10.1.128.0/17"]) == [])
    }

    @Test func `prefixes of the tunnel within others' within its own count again`() {
        #expect(
            Self.text(["10.0.0.0/8", "10.1.1.0/24"], besides: ["10.1.0.0/16"])
                == ["10.0.0.0-10.0.255.255", "10.1.1.0-10.1.1.255", "10.2.0.0-10.255.255.255"])
    }

    @Test func `prefixes that follow on each other are one range`() {
        #expect(Self.text(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/25"]) == ["10.0.0.0-10.0.2.127"])
    }

    @Test func `of IPv6, all but neighbours is beyond the link`() {
        // 2001:db8::/64 is on the link.
        let lan = AddressRange(0x2001_0db8 << 96, (0x2001_0db8 << 96) + (1 << 64) - 1)
        let ranges = TunnelDestinations.beyondTheLink([lan, AddressRange(0xfe80 << 112, (0xfe80 << 112) + 5)])
        #expect(
            ranges == [
                AddressRange(0, lan.first - 1), AddressRange(lan.last + 1, (0xfe80 << 112) - 1),
                AddressRange(0xfec0 << 112, (0xff00 << 112) - 1),
            ])
        #expect(TunnelDestinations.beyondTheLink([AddressRange(0, .max)]).isEmpty)
    }

    @Test func `it is what the longest prefix says, for each address`() {
        var random = SplitMix64()
        for _ in 1...300 {
            let base = UInt32(0xffff_ff00)
            func any() -> Prefix {
                let length = Int.random(in: 22...32, using: &random)
                return Prefix(IPv4Address(rawValue: base | UInt32.random(in: 0...255, using: &random)), length: length)
                    ?? .all
            }
            let allowed = (0..<Int.random(in: 0...5, using: &random)).map { _ in any() }
            let elsewhere = (0..<Int.random(in: 0...6, using: &random)).map { _ in any() }
            let ranges = TunnelDestinations.ranges(allowed, besides: elsewhere)
            for address in (base..<UInt32.max).map(IPv4Address.init(rawValue:)) {
                let ours = allowed.filter { $0.contains(address) }.map { $0.length }.max()
                let theirs = elsewhere.filter { $0.contains(address) }.map { $0.length }.max()
                let isTunnels = ours.map { $0 >= theirs ?? 0 } ?? false
                let isInRange = ranges.contains { ($0.first...$0.last).contains(UInt128(address.rawValue)) }
                #expect(isInRange == isTunnels, "\(address) of \(allowed) besides \(elsewhere), \(random)")
            }
            let gaps = zip(ranges, ranges.dropFirst()).map { $1.first - $0.last }
            #expect(gaps.allSatisfy { $0 > 1 })
        }
    }
}
