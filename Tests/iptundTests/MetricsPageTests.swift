// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
@testable import iptund

/// docs/metrics.md and docs/grafana.json are written by hand; these tests keep them beside the program.
@Suite struct MetricsPageTests {
    @Test func `the page has every metric with its type, labels and meaning, and no other`() throws {
        let rows = try Repository.lines(of: "docs/metrics.md").filter { $0.hasPrefix("| `iptund_") }
        let expected = MetricFamily.all.map { family in
            "| `\(family.name)` | \(family.kind.rawValue) | \(family.labels.joined(separator: ", ")) | \(family.help) |"
        }
        #expect(rows == expected)
    }

    @Test func `the names of metrics are all different`() {
        #expect(Set(MetricFamily.all.map(\.name)).count == MetricFamily.all.count)
    }

    @Test func `the dashboard asks for metrics that there are, and its panels have numbers of their own`() throws {
        let text = try Repository.lines(of: "docs/grafana.json").joined(separator: "\n")
        let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(text.utf8))
        #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count)
        #expect(dashboard.templating.list.contains { $0.type == "datasource" && $0.query == "prometheus" })
        let names = Set(MetricFamily.all.map(\.name))
        for panel in dashboard.panels {
            #expect(panel.targets?.isEmpty == false || panel.type == "row", "\(panel.title)")
            for target in panel.targets ?? [] {
                let asked = MetricsPageTests.metrics(in: target.expr)
                #expect(!asked.isEmpty && names.isSuperset(of: asked), "\(panel.title): \(asked.subtracting(names))")
            }
        }
    }

    @Test func `the dashboard shows what one looks for first`() throws {
        let text = try Repository.lines(of: "docs/grafana.json").joined(separator: "\n")
        let asked = MetricsPageTests.metrics(in: text)
        #expect(
            asked.isSuperset(of: [
                "iptund_tunnel_up", "iptund_peer_bytes_total", "iptund_dropped_packets_total",
                "iptund_peer_path_mtu_bytes",
                "iptund_tunnel_mtu_bytes", "iptund_tunnel_kernel_lost_packets_total",
            ]))
    }

    /// The words of a query that are names of ours.
    private static func metrics(in query: String) -> Set<String> {
        Set(
            query.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init).filter {
                $0.hasPrefix("iptund_")
            })
    }

    private struct Dashboard: Decodable {
        let panels: [Panel]
        let templating: Templating

        struct Panel: Decodable {
            let id: Int
            let title: String
            let type: String
            let targets: [Target]?
        }

        struct Target: Decodable { let expr: String }

        struct Templating: Decodable { let list: [Variable] }

        struct Variable: Decodable {
            let type: String
            let query: String
        }
    }
}
