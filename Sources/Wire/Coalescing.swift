// SPDX-License-Identifier: Apache-2.0

/// Which packets of a batch go on together, as superpackets: the reverse of ``Segmentation``.
///
/// The kernel then walks its way through routing, filters and transport once instead of up to 64 times; where it forwards
/// a superpacket it cuts it again, into the same packets. A batch is sorted into *runs*: a run of one packet goes on as it
/// is, a longer one under a single header.
///
/// Flows may be interleaved in any way. The order within a flow never changes: whatever cannot continue its flow's run
/// ends it. Nothing outlasts the batch, so nothing waits.
public struct Coalescing: ~Copyable, Sendable {
    private var runs: [Run] = []
    /// The next packet of the same run, by slot.
    private var following: [Int]

    /// What may be merged.
    public struct Kinds: OptionSet, Sendable {
        /// One bit for each.
        public let rawValue: UInt8
        /// Any combination.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// TCP segments.
        public static let streams = Kinds(rawValue: 1)
        /// UDP datagrams.
        public static let datagrams = Kinds(rawValue: 2)
    }

    /// Memory for batches of `capacity` packets.
    public init(capacity: Int) {
        runs.reserveCapacity(capacity)
        following = [Int](repeating: 0, count: capacity)
    }

    /// The runs that ``gather(_:_:)`` found, in the order in which they are to go on.
    public var indices: Range<Int> { runs.indices }
    /// The run at one of ``indices``.
    public subscript(run: Int) -> Run { runs[run] }

    /// The slot after `slot` in a run; the run's ``Run/count`` says when to stop.
    public func slot(after slot: Int) -> Int { following[slot] }

    /// Sorts the pending packets of `batch` into runs. The checksums of all that could be merged are `valid` then.
    public mutating func gather(_ batch: inout PacketBatch, _ kinds: Kinds) {
        runs.removeAll(keepingCapacity: true)
        for index in batch.indices where batch[index].fate == .pending {
            let isFinished = batch[index].segmentSize == 0 && !batch[index].checksum.isPartial
            if isFinished, let part = Mergeable(batch[index].bytes, of: kinds) {
                batch[index].checksum = .valid
                add(part, in: index, of: batch)
            } else {
                endRuns(sharingAddressesWith: batch[index].bytes)
                runs.append(Run(alone: index, length: batch[index].length))
            }
        }
    }

    /// Continues the run of the packet's flow, or ends it and begins another.
    private mutating func add(_ part: Mergeable, in slot: Int, of batch: borrowing PacketBatch) {
        if let run = openRun(of: part.flow) {
            if runs[run].isContinued(by: part, batch[runs[run].first].bytes, batch[slot].bytes) {
                following[runs[run].last] = slot
                runs[run].append(part, in: slot)
                return
            }
            runs[run].isOpen = false
        }
        runs.append(Run(part, in: slot))
    }

    /// Flows are few, and the one that sent last is the likeliest to go on.
    private func openRun(of flow: Mergeable.Flow) -> Int? {
        var run = runs.count
        while run > 0 {
            run -= 1
            if runs[run].isOpen, runs[run].flow == flow { return run }
        }
        return nil
    }

    /// A packet that cannot be looked into, such as a fragment, may be of any flow between two hosts.
    private mutating func endRuns(sharingAddressesWith packet: RawSpan) {
        let addresses = packet.byteCount < IPv4Packet.minimumHeaderLength ? nil : Mergeable.addresses(packet)
        for run in runs.indices where addresses == nil || runs[run].flow?.addresses == addresses {
            runs[run].isOpen = false
        }
    }
}

extension Coalescing {
    /// Packets that go on together.
    public struct Run: Sendable {
        /// The slot of the first packet.
        public let first: Int
        /// How many packets.
        public private(set) var count = 1
        /// Octets of the headers that each of them has.
        public let headerLength: Int
        /// Octets of payload in every packet but the last, which may have less.
        public let size: Int
        /// Headers and all payloads together, octets: what the superpacket measures.
        public private(set) var length: Int

        fileprivate let flow: Mergeable.Flow?
        fileprivate private(set) var last: Int
        fileprivate var isOpen = false
        private var sequence: UInt32 = 0
        private var identification: UInt16 = 0
        private var pushes = false

        fileprivate init(alone slot: Int, length: Int) {
            (first, last, self.length) = (slot, slot, length)
            (headerLength, size, flow) = (0, 0, nil)
        }

        fileprivate init(_ part: Mergeable, in slot: Int) {
            (first, last) = (slot, slot)
            (headerLength, size, length) = (part.headerLength, part.payloadLength, part.headerLength)
            flow = part.flow
            isOpen = true
            note(part)
        }

        fileprivate mutating func append(_ part: Mergeable, in slot: Int) {
            last = slot
            count += 1
            note(part)
        }

        /// What is expected of the next packet. One that is shorter than the first, or that says PSH, is the last.
        private mutating func note(_ part: Mergeable) {
            length += part.payloadLength
            sequence = part.sequence &+ UInt32(truncatingIfNeeded: part.isStream ? part.payloadLength : 0)
            identification = part.identification &+ 1
            pushes = part.pushes
            isOpen = !part.pushes && part.payloadLength == size
        }

        /// Whether `part` is what comes next: the first packet and the next one are needed to compare their headers.
        ///
        /// Identifications count up in what is cut again; where DF is set they mean nothing (RFC 6864 §4.1).
        fileprivate func isContinued(by part: Mergeable, _ first: RawSpan, _ next: RawSpan) -> Bool {
            part.payloadLength <= size && part.sequence == sequence
                && (part.identification == identification || part.isAtomic)
                && length + part.payloadLength <= IPv4Packet.maximumLength
                && Mergeable.agree(first, next, headerLength: headerLength, part.flow.carried)
        }
    }
}

extension Coalescing.Run {
    /// What its packets are.
    public var kind: Coalescing.Kinds { flow?.carried == .tcp ? .streams : .datagrams }

    /// What the device is told of the superpacket.
    public var virtioNetHeader: VirtioNetHeader {
        let isStream = flow?.carried == .tcp
        return VirtioNetHeader(
            checksum: .partial(
                start: UInt16(Mergeable.networkLength), offset: UInt16(isStream ? TCP.checksum : UDP.checksum)),
            segmentation: isStream ? .tcp4 : .udp, segmentSize: UInt16(size), headerLength: UInt16(headerLength))
    }

    /// Makes the headers of the first packet, which `head` holds at `offset`, those of the superpacket.
    ///
    /// The transport checksum becomes that of the pseudo-header only, which is how the kernel wants what it may have to cut
    /// (VIRTIO_NET_HDR_F_NEEDS_CSUM).
    @_lifetime(head: copy head)
    public func rewrite(_ head: inout MutableRawSpan, at offset: Int) {
        var network = head.part(offset..<offset + Mergeable.networkLength)
        network.store(UInt16(length), at: IPv4Packet.Field.totalLength)
        network.rewriteHeaderChecksum(headerLength: Mergeable.networkLength)
        let isStream = flow?.carried == .tcp
        let transportLength = length - Mergeable.networkLength
        let pseudoHeader = Checksum(
            pseudoHeaderFrom: IPv4Address(rawValue: network.bytes.uint32(at: IPv4Packet.Field.source)),
            to: IPv4Address(rawValue: network.bytes.uint32(at: IPv4Packet.Field.destination)),
            of: isStream ? .tcp : .udp, length: transportLength)
        var transport = head.part(offset + Mergeable.networkLength..<offset + headerLength)
        transport.store(pseudoHeader.folded, at: isStream ? TCP.checksum : UDP.checksum)
        if isStream {
            if pushes { transport.store(transport.bytes.octet(at: TCP.flags) | TCP.push, at: TCP.flags) }
        } else {
            transport.store(UInt16(transportLength), at: UDP.length)
        }
    }
}
