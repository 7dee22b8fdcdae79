// SPDX-License-Identifier: Apache-2.0

internal import FlyingFox
internal import Foundation

/// What is served: metrics, a page that leads to them, and nothing else.
struct Site: Sendable {
    let scraper: Scraper

    /// Answers one request.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard ["/", "/metrics"].contains(request.path) else {
            return Site.response(.notFound, .text, "There is /metrics.\n", to: request)
        }
        guard [.GET, .HEAD].contains(request.method) else {
            return Site.response(
                .methodNotAllowed, .text, "Only GET and HEAD.\n", to: request, [HTTPHeader("Allow"): "GET, HEAD"])
        }
        if request.path == "/" { return Site.response(.ok, .page, Site.page, to: request) }
        switch await scraper.scrape() {
        case .metrics(let text): return Site.response(.ok, .metrics, text, to: request)
        case .failure(let reason): return Site.response(.serviceUnavailable, .text, "\(reason)\n", to: request)
        }
    }

    /// What a text is, as `Content-Type` says it.
    private enum Kind: String {
        case text = "text/plain; charset=utf-8"
        case page = "text/html; charset=utf-8"
        /// The format that `iptund metrics` prints.
        case metrics = "text/plain; version=0.0.4; charset=utf-8"
    }

    /// Every connection is for one request: a scraper that comes back in 15 seconds should hold nothing meanwhile.
    private static func response(
        _ code: HTTPStatusCode, _ kind: Kind, _ text: String, to request: HTTPRequest,
        _ more: [HTTPHeader: String] = [:]
    ) -> HTTPResponse {
        let body = Data(text.utf8)
        var headers = HTTPHeaders(more)
        headers[.contentType] = kind.rawValue
        headers[.contentLength] = "\(body.count)"
        headers[.connection] = "close"
        return HTTPResponse(statusCode: code, headers: headers, body: request.method == .HEAD ? Data() : body)
    }

    private static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>iptund-exporter</title></head>
        <body>
        <h1>iptund-exporter \(Exporter.version)</h1>
        <p>IP-in-IP tunnels of this host, for Prometheus: <a href="/metrics">/metrics</a></p>
        </body>
        </html>

        """
}
