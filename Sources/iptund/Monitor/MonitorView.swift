// SPDX-License-Identifier: Apache-2.0

/// What `iptund monitor` shows on a terminal: a state and a size in, lines out.
struct MonitorView {
    let columns: Int
    let rows: Int
    let parts: MonitorParts
    let glyphs: Sparkline.Glyphs

    /// As many lines as fit, none wider than the terminal.
    func lines(_ state: MonitorState) -> [String] {
        var lines = header(state) + [""]
        let room = max(rows - lines.count - 1, 0)
        // Drops are few and say what is wrong: they get their lines first, peers the rest.
        let drops = parts.contains(.drops) ? self.drops(state, room: parts.contains(.peers) ? room / 2 : room) : []
        if parts.contains(.peers) { lines += peers(state, room: room - drops.count) }
        lines += drops
        if parts == .drops { lines += samples(state, room: rows - lines.count - 1) }
        lines = Array(lines.prefix(max(rows - 1, 0)))
        lines += [String](repeating: "", count: max(rows - 1 - lines.count, 0))
        return (lines + ["q quits"]).suffix(max(rows, 1)).map { String($0.printable.prefix(columns)) }
    }

    private func header(_ state: MonitorState) -> [String] {
        let report = state.report
        var lines = [Status.line(report)]
        if let trouble = state.trouble { lines.append("no answer: \(trouble)") }
        if let losses = state.rates?.kernelLosses, losses > 0 {
            lines.append("lost in the kernel: \(MonitorText.count(losses))/s")
        }
        return lines
    }

    private func peers(_ state: MonitorState, room: Int) -> [String] {
        guard room >= 3 else { return [] }
        let width = labelWidth
        let spark = max((columns - width - 52) / 2, 0)
        let title =
            column("PEER", width) + column("SENT", 22 + spark) + column("RECEIVED", 22 + spark) + "LAST"
        guard let rates = state.rates else { return [title, "the first interval is not over yet", ""] }
        let all = rates.peers.count <= room - 2 ? rates.peers : busiest(rates.peers)
        let shown = all.prefix(rates.peers.count <= room - 2 ? all.count : room - 3)
        var lines = [title]
        for peer in shown {
            let last = peer.lastReceivedSecondsAgo.map { $0 == 0 ? "now" : ReportText.duration($0) } ?? "never"
            lines.append(
                column(peer.label, width) + transfer(peer.sent, state.sent[peer.label], spark)
                    + transfer(peer.received, state.received[peer.label], spark) + last)
        }
        if shown.count < rates.peers.count { lines.append("and \(rates.peers.count - shown.count) more, less busy") }
        return lines + [""]
    }

    private func drops(_ state: MonitorState, room: Int) -> [String] {
        guard room >= 2 else { return [] }
        let width = max(labelWidth, 26)
        let spark = max(columns - width - 24, 0)
        let title = column("DROPS", width) + right("/S", 10) + right("TOTAL", 12)
        guard let rates = state.rates else { return [] }
        if rates.drops.isEmpty { return ["no drops"] }
        let reasons = rates.drops.prefix(room - 1).map { drop in
            let label = MonitorState.label(drop)
            let row = state.drops[label]?.text(width: spark, glyphs) ?? ""
            return column(label, width) + right(MonitorText.count(drop.rate), 10) + right("\(drop.total)", 12)
                + "  \(row)"
        }
        return [title] + reasons
    }

    /// The newest dropped packets, under the reasons.
    private func samples(_ state: MonitorState, room: Int) -> [String] {
        guard room >= 3, !state.samples.isEmpty else { return [] }
        return ["", "DROPPED LATELY"] + state.samples.suffix(room - 2)
    }

    private func busiest(_ peers: [Rates.Peer]) -> [Rates.Peer] {
        peers.enumerated().sorted { one, other in
            let (left, right) = (weight(one.element), weight(other.element))
            return left == right ? one.offset < other.offset : left > right
        }.map(\.element)
    }

    private func weight(_ peer: Rates.Peer) -> Double { peer.sent.octets + peer.received.octets + peer.drops }

    private func transfer(_ rate: Rates.Transfer, _ row: Sparkline?, _ spark: Int) -> String {
        right(MonitorText.octets(rate.octets), 10) + right(MonitorText.count(rate.packets), 8) + "p "
            + (row ?? Sparkline()).text(width: spark, glyphs) + "  "
    }

    /// How much of a line a name gets.
    private var labelWidth: Int { min(max(columns / 5, 12), 32) }

    private func column(_ text: String, _ width: Int) -> String {
        // Measured as it will be shown.
        let shown = text.printable
        let fits = shown.count < width ? shown : "\(shown.prefix(max(width - 2, 0)))~"
        return fits + String(repeating: " ", count: max(width - fits.count, 0))
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
}
