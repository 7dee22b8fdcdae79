// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux

/// Whether to listen to what the kernel says of packets that it drops.
///
/// The kernel's drop monitor (NET_DM) is not used: it tells no more than the tracepoint, and few kernels have it.
enum KernelDropListening {
    case off
    case on

    /// Listens for so long, or until somebody wants the end; `nil` when it is off. Requires root.
    ///
    /// Where there is nothing to listen to, it waits: counters grow meanwhile.
    func listen(milliseconds: UInt64) -> Seen<KernelDrops>? {
        guard self == .on else { return nil }
        // What ends the process from here on ends the listening first, which removes what was made for it.
        guard let signals = try? Signals() else { return .hidden("cannot take signals") }
        let seen = count(milliseconds: milliseconds, until: signals)
        if case .hidden = seen {
            var interests = [Poll.Interest.next(of: signals)]
            try? Poll.wait(for: &interests, timeoutMilliseconds: Int32(clamping: milliseconds))
        }
        return seen
    }

    private func count(milliseconds: UInt64, until signals: borrowing Signals) -> Seen<KernelDrops> {
        do throws(Errno) {
            let start = Clock.milliseconds
            let trace = try KernelDropTrace()
            let count = try trace.count(milliseconds: milliseconds, until: signals)
            return .known(
                KernelDrops(count.reasons, missed: count.missed, milliseconds: Clock.milliseconds - start))
        } catch .notPermitted, .permissionDenied {
            return .hidden("tracepoint skb:kfree_skb: needs root")
        } catch .noSuchFile {
            return .hidden("tracepoint skb:kfree_skb: this kernel has none that gives reasons, or no tracefs")
        } catch {
            return .hidden("tracepoint skb:kfree_skb: \(error)")
        }
    }
}
