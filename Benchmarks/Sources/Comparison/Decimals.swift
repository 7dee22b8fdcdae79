// SPDX-License-Identifier: Apache-2.0

/// Numbers as text, the same in every locale.
package enum Decimals {
    /// `value` with that many decimals, rounded half away from zero.
    package static func text(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "?" }
        let scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        let whole = "\(sign)\(scaled / scale)"
        if decimals == 0 { return whole }
        let fraction = "\(scaled % scale)"
        return whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// A share of 1, in percent.
    package static func percent(_ share: Double) -> String {
        text(share * 100, share < 0.1 && share > 0 ? 1 : 0) + " %"
    }

    /// A length of time as one would say it: `40 s`, `3 min`.
    package static func time(seconds: Double) -> String {
        seconds < 100 ? "\(text(max(0, seconds), 0)) s" : "\(text((seconds / 60).rounded(.up), 0)) min"
    }
}
