// SPDX-License-Identifier: Apache-2.0

package import Wire

extension Netfilter {
    /// A packet to ask about, or several at once: fields that are open stand for every value.
    package struct Packet: Equatable, Sendable {
        package var source: ClosedRange<UInt32>
        package var destination: ClosedRange<UInt32>
        /// Open when it is `nil`.
        package var protocolNumber: UInt8?
        /// The device that it came by.
        package var inputDevice: Device
        /// The device that it leaves by.
        package var outputDevice: Device
        /// The bridges among the two devices: its frame passes the chains of family `bridge` too.
        package var bridges: Set<Direction> = []
        /// Open when it is `nil`.
        package var mark: UInt32?
        /// The bits of the mark that a rule may have changed.
        package var unknownMarkBits: UInt32 = 0
        /// Open when it is `nil`.
        package var state: ConnectionState?
        /// The kinds that its addresses may be of.
        package var sourceTypes = Set(AddressType.allCases)
        package var destinationTypes = Set(AddressType.allCases)
        /// The kinds that the destination may be of, where only the input device's addresses count as local.
        package var destinationTypesAtDevice = Set(AddressType.allCases)
        /// Whether the route back to the source leaves by the input device.
        package var hasReturnPath = Truth.maybe
        /// Whether NAT has replaced its destination.
        package var isRedirected = Truth.maybe

        package init(
            from source: Prefix = .all, to destination: Prefix = .all, protocolNumber: UInt8? = nil,
            inputDevice: Device = .none, outputDevice: Device = .none, mark: UInt32? = nil,
            state: ConnectionState? = nil
        ) {
            self.source = source.address.rawValue...source.last.rawValue
            self.destination = destination.address.rawValue...destination.last.rawValue
            self.protocolNumber = protocolNumber
            self.inputDevice = inputDevice
            self.outputDevice = outputDevice
            self.mark = mark
            self.state = state
        }

        /// A packet of this host's own, which arrived by no device.
        package var isOwn: Bool { inputDevice == .none }
    }

    /// The device of a packet at one of its ends.
    package enum Device: Equatable, Sendable, ExpressibleByStringLiteral {
        /// No device: the packet is this host's own, is for this host, or is not routed yet.
        case none
        case named(String)
        /// One that is not known, and not the one of this name.
        case other(than: String)

        package init(stringLiteral name: String) { self = .named(name) }

        /// The device's name, where it is known.
        package var name: String? { if case .named(let name) = self { name } else { nil } }
    }

    /// The two ends of a packet's way through the host.
    package enum Direction: Sendable {
        case input
        case output
    }

    /// Whether a condition holds, as far as the packet's known fields decide it.
    package enum Truth: Sendable {
        case no
        case maybe
        case yes

        static prefix func ! (truth: Truth) -> Truth {
            switch truth {
            case .no: .yes
            case .maybe: .maybe
            case .yes: .no
            }
        }

        static func && (left: Truth, right: Truth) -> Truth {
            if left == .no || right == .no { return .no }
            return left == .yes && right == .yes ? .yes : .maybe
        }

        static func || (left: Truth, right: Truth) -> Truth { !(!left && !right) }

        init(_ isSo: Bool) { self = isSo ? .yes : .no }
    }
}
