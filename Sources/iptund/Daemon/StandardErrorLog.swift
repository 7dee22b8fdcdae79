// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging

/// The log, to standard error: with the priority that the journal understands under systemd, plain elsewhere.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    private let isJournal: Bool

    /// The one logger of the program.
    static func logger() -> Logger {
        Logger(label: "iptund") { _ in StandardErrorLog(isJournal: Environment.value("JOURNAL_STREAM") != nil) }
    }

    init(isJournal: Bool) { self.isJournal = isJournal }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let text = fields.reduce("\(event.message)") { "\($0) \($1.key)=\($1.value)" }
        standardError(isJournal ? "<\(StandardErrorLog.priority(event.level))>\(text)" : "iptund: \(text)")
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// The levels of syslog(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
