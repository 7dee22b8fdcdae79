// SPDX-License-Identifier: Apache-2.0

/// What `ping -n` prints.
package enum PingOutput {
    /// Every reply's round trip in microseconds: what stands between `time=` and ` ms`.
    package static func microseconds(_ text: String) -> [Double] {
        text.split(separator: "\n").compactMap { line in
            // The second answer to one request is none.
            guard !line.contains("(DUP!)"), let start = line.firstRange(of: "time=")?.upperBound else { return nil }
            return Double(line[start...].prefix { $0 != " " }).map { $0 * 1000 }
        }
    }
}
