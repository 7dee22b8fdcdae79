// SPDX-License-Identifier: Apache-2.0

/// Who used the processors during one measurement, in seconds.
package struct Usage: Codable, Equatable, Sendable {
    /// How long the measurement took.
    package let elapsed: Double
    /// How many processors there are.
    package let processors: Int
    /// All that was not idle.
    package let busy: Double
    /// The tunnel's processes and their children.
    package let tunnel: Double
    /// Our tree of processes: the tunnel's, iperf3 or ping, and ourselves.
    package let own: Double
    /// Every other process of the machine that we can see.
    package let others: Double
    /// What a hypervisor gave to somebody else.
    package let stolen: Double

    package init(
        elapsed: Double, processors: Int, busy: Double, tunnel: Double, own: Double, others: Double, stolen: Double
    ) {
        self.elapsed = elapsed
        self.processors = processors
        self.busy = busy
        self.tunnel = tunnel
        self.own = own
        self.others = others
        self.stolen = stolen
    }

    /// What passed between two looks.
    ///
    /// A process that ended hands its time to the one that waited for it. One that nobody waited for takes its time
    /// away with it, hence the zeros.
    package init(from before: ProcessorTimes, to after: ProcessorTimes) {
        self.init(
            elapsed: after.clock - before.clock, processors: after.processors,
            busy: max(0, after.busy - before.busy), tunnel: max(0, after.tunnel - before.tunnel),
            own: max(0, after.own - before.own), others: max(0, after.others - before.others),
            stolen: max(0, after.stolen - before.stolen))
    }

    /// Parts of all that the processors could do in that time.
    package var othersShare: Double { share(others) }
    package var stolenShare: Double { share(stolen) }
    /// Busy, and of no process that we see: interrupts and kernel threads, most of it on behalf of our own packets.
    package var kernelShare: Double { share(max(0, busy - own - others)) }

    private func share(_ seconds: Double) -> Double {
        elapsed > 0 && processors > 0 ? seconds / elapsed / Double(processors) : 0
    }
}

extension Results {
    /// What part of the processors others had, over all measurements.
    package var othersShare: Summary? {
        Summary(subjects.flatMap(\.rounds).flatMap(\.usage.values).map(\.othersShare))
    }
}

/// The processors' times at one moment, in seconds since whenever.
package struct ProcessorTimes: Equatable, Sendable {
    package var clock: Double
    package var processors: Int
    package var busy: Double
    package var stolen: Double
    package var tunnel: Double
    package var own: Double
    package var others: Double

    /// Sorts the time of all processes by whose they are.
    ///
    /// - Parameters:
    ///   - tunnel: the tunnel's processes; their descendants belong to it too.
    ///   - own: our process; its descendants are ours.
    package init(
        clock: Double, system: SystemTimes, processes: [ProcessTimes], tunnel roots: [Int32], own root: Int32
    ) {
        let children = Dictionary(grouping: processes, by: \.parent)
        let inTunnel = ProcessorTimes.descendants(of: roots, children)
        let ours = ProcessorTimes.descendants(of: [root], children).union(inTunnel)
        func sum(_ isIncluded: (ProcessTimes) -> Bool) -> Double {
            processes.reduce(0) { isIncluded($1) ? $0 + $1.seconds : $0 }
        }
        self.clock = clock
        processors = system.processors
        busy = system.busy
        stolen = system.stolen
        tunnel = sum { inTunnel.contains($0.id) }
        own = sum { ours.contains($0.id) }
        others = sum { !ours.contains($0.id) && !$0.isKernelThread }
    }

    private static func descendants(of roots: [Int32], _ children: [Int32: [ProcessTimes]]) -> Set<Int32> {
        var (found, open) = (Set(roots), roots)
        while let id = open.popLast() {
            for child in children[id, default: []] where found.insert(child.id).inserted { open.append(child.id) }
        }
        return found
    }
}
