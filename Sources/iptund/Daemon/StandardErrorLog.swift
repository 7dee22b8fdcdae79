// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging

/// The log, to standard error: a sentence for people, then fields for programs, `key=value`, on one line.
///
/// Under systemd each line begins with the priority that the journal understands, elsewhere with who we are.
struct StandardErrorLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    private let isJournal: Bool

    /// The one logger of the program; a tunnel's own says on every line which one it is.
    static func logger(of tunnel: String? = nil) -> Logger {
        var logger = Logger(label: "iptund") { _ in StandardErrorLog(isJournal: leadsToJournal) }
        logger[metadataKey: "tunnel"] = tunnel.map { "\($0)" }
        return logger
    }

    /// Whether the journal reads standard error: the variable alone is inherited by every child of a service, wherever
    /// its standard error leads (sd-daemon(3)).
    ///
    /// Found out once, by whoever says something first: a data thread may not even ask.
    private static let leadsToJournal = Environment.value("JOURNAL_STREAM").map { $0 == Console.errorStream } ?? false

    init(isJournal: Bool) { self.isJournal = isJournal }

    func log(event: LogEvent) {
        let text = StandardErrorLog.text("\(event.message)", metadata.merging(event.metadata ?? [:]) { $1 })
        standardError(isJournal ? "<\(StandardErrorLog.priority(event.level))>\(text)" : "iptund: \(text)")
    }

    /// A line without its beginning. Nothing that somebody else chose can end it, or add a field to it.
    static func text(_ message: String, _ fields: Logger.Metadata) -> String {
        fields.sorted { $0.key < $1.key }.reduce(message.printable) { line, field in
            "\(line) \(field.key)=\("\(field.value)".fieldValue)"
        }
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
