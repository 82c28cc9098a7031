// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.report;

/** The style sheet. {@code report.js} takes the charts' colours from its properties. Dark colours apply on a screen alone, so that a printed page is dark on white. */
final class Styles {
    static final String PAGE = """

            :root { color-scheme: light dark; --bg: #f6f8fa; --card: #ffffff; --line: #d1d9e0; --soft: #eaeef2; --text: #1f2328; --muted: #59636e; --accent: #0969da; --accent-bg: #ddf4ff; --accent-text: #0a4fa8; --warn: #9a6700; --warn-bg: #fff8c5;
                --plain: #8c959f; --skipped: #d5e3f5; --bound: #a9c9f0; --mark: #bc4c00; --grid: #e6eaef; --never: #eaeef2; --always: #0a4fa8 }
            @media screen and (prefers-color-scheme: dark) {
              :root { --bg: #010409; --card: #0d1117; --line: #3d444d; --soft: #21262d; --text: #f0f6fc; --muted: #9198a1; --accent: #4493f8; --accent-bg: #121d2f; --accent-text: #79b8ff; --warn: #d29922; --warn-bg: #272115;
                --plain: #656c76; --skipped: #182c48; --bound: #23406b; --mark: #f0883e; --grid: #21262d; --never: #1b2129; --always: #79b8ff }
            }
            * { box-sizing: border-box }
            body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif }
            main { max-width: 1000px; margin: 0 auto; padding: 40px 24px 64px }
            h1 { font-size: 30px; line-height: 1.2; margin: 4px 0 6px; overflow-wrap: anywhere }
            h2 { font-size: 19px; margin: 40px 0 12px; break-after: avoid }
            p { margin: 0 0 10px; max-width: 74ch }
            .eyebrow { margin: 0; font-size: 13px; color: var(--muted) }
            .lead { font-size: 17px; margin-bottom: 24px; max-width: none; overflow-wrap: anywhere }
            .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px }
            dl { display: grid; grid-template-columns: max-content 1fr; gap: 7px 24px; margin: 0; padding: 18px 20px }
            dt { color: var(--muted) }
            dd { margin: 0; overflow-wrap: anywhere }
            pre { margin: 0 0 10px; padding: 14px 20px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace }
            code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace }
            pre code { font: inherit }
            figure { margin: 16px 0 0; padding: 16px 20px }
            figure + .card { margin-top: 16px }
            figcaption { font-weight: 600; margin-bottom: 10px; overflow-wrap: anywhere }
            .plot { position: relative; min-width: 0 }
            .note { margin: 8px 0 0; font-size: 13px; color: var(--muted); max-width: none; overflow-wrap: anywhere }
            .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px; margin: 24px 0 0; padding: 0 }
            .tile { padding: 14px 20px }
            .tile p { margin: 0; font-size: 13px; color: var(--muted) }
            .tile .big { font-size: 26px; line-height: 1.3; font-weight: 600; color: var(--text); font-variant-numeric: tabular-nums }
            .ramp { display: inline-block; width: 90px; height: 10px; margin: 0 6px; border-radius: 3px; background: linear-gradient(to right, var(--never), var(--always)) }
            details { margin-top: 12px }
            summary { cursor: pointer; color: var(--accent-text); margin-bottom: 8px }
            .scroll { overflow-x: auto }
            .long { max-height: 80vh; overflow: auto }
            .long thead { position: sticky; top: 0; background: var(--card) }
            table { width: 100%; border-collapse: collapse; font-size: 13.5px; line-height: 1.4; font-variant-numeric: tabular-nums }
            caption { text-align: left; padding: 14px 20px 6px; color: var(--muted); font-size: 13.5px }
            th, td { padding: 7px 10px; text-align: right; white-space: nowrap }
            th { font-weight: 600 }
            thead th { color: var(--muted); font-size: 12.5px; border-bottom: 1px solid var(--line); vertical-align: bottom }
            thead .group { text-align: center; border-bottom: 0; padding-bottom: 0 }
            tbody tr + tr > * { border-top: 1px solid var(--soft) }
            tbody th { font-weight: 400 }
            tfoot tr:first-child > * { border-top: 1px solid var(--line) }
            tfoot tr:last-child > * { font-weight: 600 }
            th:first-child, td:first-child { padding-left: 20px }
            tr:first-child > th:last-child, td:last-child, .outermost { padding-right: 20px }
            .start { text-align: left }
            .wrap { white-space: normal; min-width: 11em }
            .first { padding-left: 22px }
            .unit { display: inline-block; width: 4.1em; padding-left: 0.4em; text-align: left; color: var(--muted); font-weight: 400 }
            .less { color: var(--muted) }
            .kind { display: inline-block; padding: 1px 9px; border-radius: 9px; font-size: 12px; border: 1px solid var(--line); color: var(--muted) }
            .kind.mod { background: var(--accent-bg); color: var(--accent-text); border-color: var(--accent) }
            .callout { padding: 14px 20px; margin: 0 0 12px; border-radius: 10px; border: 1px solid var(--line); border-left: 4px solid var(--accent); background: var(--card) }
            .callout.warn { border-color: var(--warn); background: var(--warn-bg) }
            .callout p { margin: 0; max-width: none; overflow-wrap: anywhere }
            ul { margin: 0 0 10px; padding-left: 22px; max-width: 74ch }
            li { margin-bottom: 5px; overflow-wrap: anywhere }
            @media (max-width: 560px) { dl { grid-template-columns: 1fr; gap: 2px } dd { margin-bottom: 10px } main { padding: 24px 14px 40px } figure { padding: 14px 12px } }
            @media print {
              :root { --bg: #ffffff }
              body { font-size: 11pt }
              main { max-width: none; padding: 0 }
              table { font-size: 8.5pt }
              th, td { padding: 3px 5px }
              figure, tr, caption, .callout, pre { break-inside: avoid }
              caption { break-after: avoid }
              tfoot { display: table-row-group }
              .scroll, .long { max-height: none; overflow: visible }
              canvas, .ramp, .kind, .callout { print-color-adjust: exact; -webkit-print-color-adjust: exact }
            }
            """;

    private Styles() {
    }
}
