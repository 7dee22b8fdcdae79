// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// What the kernel says of each IPv4 packet that it drops, while somebody listens: the tracepoint `skb:kfree_skb`.
///
/// It listens in a trace instance of its own, so nothing of what others trace changes, and the instance is removed at the
/// end. The kernel writes the reason's name itself, so no number of a reason has to be known. It tells of the whole
/// machine, all network namespaces, and names no device.
///
/// Requires root, and a tracefs, which is mounted in a mount namespace of this thread's own where there is none.
package struct KernelDropTrace: ~Copyable {
    private let instance: String
    private let pipe: Int32

    /// Reasons, and how often each was given.
    package struct Count: Equatable, Sendable {
        /// By name, as `NETFILTER_DROP`.
        package var reasons: [String: UInt64] = [:]
        /// Those that were not counted since there were too many.
        package var missed: UInt64 = 0
    }

    /// Begins to listen.
    ///
    /// After it was called, the calling thread may be in a mount namespace of its own, in which nothing else is different.
    /// - Throws: `Errno.notPermitted` or `.permissionDenied` for others than root, `Errno.noSuchFile` where the kernel has
    ///   no such tracepoint, or gives no reasons (before Linux 5.17).
    package init() throws(Errno) {
        let place = try KernelDropTrace.place()
        KernelDropTrace.removeLeftOvers(in: place)
        let format = try Files.read("\(place)/\(KernelDropTrace.event)/format")
        guard format.split(separator: "\n").contains(where: { $0.contains("reason;") }) else { throw .noSuchFile }
        let instance = "\(place)/instances/iptund-\(getpid())"
        try posix(unsafe mkdir(instance, 0o700))
        do throws(Errno) {
            pipe = try KernelDropTrace.listen(in: instance).release()
        } catch {
            unsafe rmdir(instance)
            throw error
        }
        self.instance = instance
    }

    deinit {
        try? KernelDropTrace.write("0", to: "\(instance)/\(KernelDropTrace.event)/enable")
        // An instance that somebody reads cannot go.
        close(pipe)
        // A child that another thread is just starting has it open until it becomes another program.
        for _ in 0..<100 {
            guard unsafe rmdir(instance) != 0, Errno.current == .busy else { return }
            usleep(10_000)
        }
    }

    private static let event = "events/skb/kfree_skb"

    private static func listen(in instance: String) throws(Errno) -> Descriptor {
        // Room for some thousand drops at once.
        try? write("512", to: "\(instance)/buffer_size_kb")
        try write("protocol == 0x0800", to: "\(instance)/\(event)/filter")
        let pipe = try Descriptor.open("\(instance)/trace_pipe", O_RDONLY | O_NONBLOCK)
        try write("1", to: "\(instance)/\(event)/enable")
        return pipe
    }

    /// Counts for a while; a signal that asks for the end ends it.
    package func count(milliseconds: UInt64, until signals: borrowing Signals) throws(Errno) -> Count {
        var count = Count()
        var rest = ""
        let deadline = Clock.milliseconds + milliseconds
        while case let now = Clock.milliseconds, now < deadline {
            var interests = [Poll.Interest.next(of: signals)]
            try Poll.wait(for: &interests, timeoutMilliseconds: Int32(clamping: min(deadline - now, 50)))
            if interests[0].isReady { break }
            try read(into: &count, &rest)
        }
        try read(into: &count, &rest)
        count.missed += overruns
        return count
    }

    /// Takes what there is, within limits: a flood of drops is not worth a flood of work.
    private func read(into count: inout Count, _ rest: inout String) throws(Errno) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<64 {
            let size = unsafe Glibc.read(pipe, &buffer, buffer.count)
            guard size > 0 else { return }
            let text = rest + String(decoding: buffer[..<size], as: UTF8.self)
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            rest = lines.popLast().map(String.init) ?? ""
            for line in lines {
                guard let reason = KernelDropTrace.reason(of: line) else { continue }
                count.reasons[reason, default: 0] += 1
            }
        }
    }

    /// `… kfree_skb: skbaddr=… rx_sk=… protocol=2048 location=nf_hook_slow+0x… reason: NETFILTER_DROP`
    package static func reason(of line: some StringProtocol) -> String? {
        guard line.contains(" kfree_skb: ") else { return nil }
        let words = line.split(separator: " ")
        guard words.count > 2, words[words.count - 2] == "reason:" else { return nil }
        return String(words[words.count - 1])
    }

    /// What did not fit into the buffers.
    private var overruns: UInt64 {
        let processors = (try? Files.entries("\(instance)/per_cpu")) ?? []
        return processors.reduce(0) { sum, processor in
            let text = (try? Files.read("\(instance)/per_cpu/\(processor)/stats")) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("overrun:") }
            return sum + (line?.split(separator: " ").last.flatMap { UInt64($0) } ?? 0)
        }
    }

    private static func write(_ text: String, to path: String) throws(Errno) {
        try Descriptor.open(path, O_WRONLY).write(Array(text.utf8))
    }
}

extension KernelDropTrace {
    /// Where tracefs is mounted; it becomes so for this thread alone where it is not.
    private static func place() throws(Errno) -> String {
        for place in ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] where Files.exists("\(place)/\(event)") {
            return place
        }
        let place = "/sys/kernel/tracing"
        try checked(unsafe clinux_mount_privately("tracefs", place))
        guard Files.exists("\(place)/\(event)") else { throw .noSuchFile }
        return place
    }

    /// Removes what was left by those of us that were killed.
    private static func removeLeftOvers(in place: String) {
        for name in (try? Files.entries("\(place)/instances")) ?? [] where name.hasPrefix("iptund-") {
            guard let process = Int32(name.dropFirst("iptund-".count)) else { continue }
            // In a container numbers come again, ours too.
            let isDead = process == getpid() || kill(process, 0) != 0 && Errno.current == .noSuchProcess
            guard isDead else { continue }
            unsafe rmdir("\(place)/instances/\(name)")
        }
    }
}
