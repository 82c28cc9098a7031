// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.http;

import io.github.depthc.server.batch.BatchRunner;
import io.github.depthc.server.batch.BatchStats;
import io.github.depthc.server.batch.Histogram;
import io.github.depthc.server.batch.Outcome;

/** Figures in Prometheus' text form, version 0.0.4. */
final class MetricsText {
    private final StringBuilder text = new StringBuilder();

    private MetricsText() {
    }

    /** The page. */
    static String of(BatchRunner runner, long kvBudget) {
        var page = new MetricsText();
        BatchStats stats = runner.stats();
        page.value("depthc_requests_waiting", "gauge", "Requests in the queue.", runner.waiting());
        page.value("depthc_requests_running", "gauge", "Requests in the running batch.", runner.running());
        page.head("depthc_requests_total", "counter", "Requests that have ended, by how.");
        for (Outcome o : Outcome.values()) {
            page.line("depthc_requests_total{outcome=\"" + o.label() + "\"}", stats.endedBy(o));
        }
        page.value("depthc_requests_refused_total", "counter", "Requests answered with 429.", stats.refused());
        page.value("depthc_prompt_tokens_total", "counter", "Tokens of prompts that have been run.", stats.promptTokens());
        page.value("depthc_generated_tokens_total", "counter", "New tokens; its rate is tokens per second.", stats.newTokens());
        page.value("depthc_decode_steps_total", "counter", "Decode steps of the batch.", stats.steps());
        page.value("depthc_compute_seconds_total", "counter", "Time in which the engine computed.", stats.computeSeconds());
        page.histogram("depthc_time_to_first_token_seconds", "From the arrival of a request to its first token.", stats.firstToken());
        page.value("depthc_kv_bytes", "gauge", "Keys and values of the running requests.", stats.kvUsed());
        page.value("depthc_kv_dense_bytes", "gauge", "Keys and values that a dense model would hold for the same tokens.", stats.kvDense());
        page.value("depthc_kv_reserved_bytes", "gauge", "Memory held for keys and values.", stats.kvReserved());
        page.value("depthc_kv_budget_bytes", "gauge", "Memory that keys and values may have.", kvBudget);
        page.head("depthc_layer_kept_ratio", "gauge", "Part of all prompt tokens that the layer has processed.");
        long tokens = stats.promptTokens();
        for (int l = 0; l < stats.layers(); l++) {
            page.line("depthc_layer_kept_ratio{layer=\"" + l + "\"}", tokens == 0 ? 1 : (double) stats.kept(l) / tokens);
        }
        Runtime heap = Runtime.getRuntime();
        page.value("depthc_heap_bytes", "gauge", "Java heap in use, garbage included.", heap.totalMemory() - heap.freeMemory());
        return page.text.toString();
    }

    private void histogram(String name, String help, Histogram.Counts h) {
        head(name, "histogram", help);
        long below = 0;
        for (int i = 0; i < h.bounds().length; i++) {
            below += h.counts()[i];
            line(name + "_bucket{le=\"" + h.bounds()[i] + "\"}", below);
        }
        below += h.counts()[h.bounds().length];
        line(name + "_bucket{le=\"+Inf\"}", below);
        line(name + "_sum", h.sum());
        line(name + "_count", below);
    }

    private void value(String name, String type, String help, Number value) {
        head(name, type, help);
        line(name, value);
    }

    private void head(String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append("\n# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private void line(String name, Number value) {
        text.append(name).append(' ').append(value).append('\n');
    }
}
