// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.Diagnostic;
import io.github.depthc.ir.InputException;
import io.github.depthc.ir.OneLine;
import io.github.depthc.ir.TensorType;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What a pass may use besides the model: an executor, calibration data, router weights the user gave, a place for remarks, findings
 * and progress, a cache of analyses, and a memo of what was measured.
 */
public final class PassContext {
    private final Supplier<Executor> executor;
    private final Supplier<List<Sample>> calibration;
    private final Map<String, TensorType> routers;
    private final Consumer<Diagnostic> remarks;
    private final Progress progress;
    private final Analyses analyses;
    private final Statistics statistics;
    private final Findings findings;
    private final Memo memo;
    private final String pass;

    private PassContext(Builder b, Analyses analyses, Statistics statistics, Findings findings, String pass) {
        executor = b.executor;
        calibration = b.calibration;
        routers = Map.copyOf(b.routers);
        remarks = b.remarks;
        progress = b.progress;
        memo = b.memo;
        this.analyses = analyses;
        this.statistics = statistics;
        this.findings = findings;
        this.pass = pass;
    }

    /** A context to be filled in. */
    public static Builder builder() {
        return new Builder();
    }

    /** The same context, its analyses shared, without anybody to tell remarks, numbers and findings. */
    public PassContext quiet() {
        return new PassContext(builder(d -> { }), analyses, new Statistics(), new Findings(), pass);
    }

    /** The same context for a pass of this name. */
    PassContext of(String passName) {
        return new PassContext(builder(remarks), analyses, statistics, findings, passName);
    }

    private Builder builder(Consumer<Diagnostic> sink) {
        var b = new Builder();
        b.executor = executor;
        b.calibration = calibration;
        b.routers = routers;
        b.remarks = sink;
        b.progress = progress;
        b.memo = memo;
        return b;
    }

    /** The executor; {@link InputException} where this use of the pipeline has none. */
    public Executor executor() {
        return Objects.requireNonNull(executor.get(), "executor");
    }

    /** Calibration samples, at least one; {@link InputException} when there are none. */
    public List<Sample> calibration() {
        return calibration.get();
    }

    /** Names and types of the router weights given (source {@code routers}); empty when none were. */
    public Map<String, TensorType> routers() {
        return routers;
    }

    /** A router weight's type. */
    public Optional<TensorType> router(String name) {
        return Optional.ofNullable(routers.get(name));
    }

    /** Tells the user something. */
    public void remark(Diagnostic diagnostic) {
        remarks.accept(diagnostic);
    }

    /** Adds to a number that the pass reports, such as {@code nodes merged}. */
    public void statistic(String name, long amount) {
        statistics.add(pass, OneLine.of(Objects.requireNonNull(name, "the name of a statistic")), amount);
    }

    /** The numbers that the passes reported so far. */
    public Statistics statistics() {
        return statistics;
    }

    /** Tells what was found out, as data: a record of the pass's own. */
    public void finding(Record finding) {
        findings.add(finding);
    }

    /** What the passes found out so far. */
    public Findings findings() {
        return findings;
    }

    /** What was measured before, by this run or by one like it. */
    public Memo memo() {
        return memo;
    }

    /** Where to say how far the work is. */
    public Progress progress() {
        return progress;
    }

    /** Results of analyses of the current model. */
    public Analyses analyses() {
        return analyses;
    }

    /** How long work goes forward. */
    @FunctionalInterface
    public interface Progress {
        /** Ignores it. */
        Progress NONE = (what, done, total) -> { };

        /** {@code done} of {@code total} units of this work are done. */
        void at(String what, long done, long total);
    }

    /** Fills in a context; everything is optional. */
    public static final class Builder {
        private Supplier<Executor> executor = () -> {
            throw new InputException("this pass runs the model, but no executor is available here");
        };
        private Supplier<List<Sample>> calibration = () -> {
            throw new InputException("this pass needs calibration text, but none was given; add --calibration FILE");
        };
        private Map<String, TensorType> routers = Map.of();
        private Consumer<Diagnostic> remarks = d -> { };
        private Progress progress = Progress.NONE;
        private Memo memo = Memo.inMemory();

        private Builder() {
        }

        public Builder executor(Executor e) {
            executor = () -> e;
            return this;
        }

        /** Calibration data, made when first asked for. */
        public Builder calibration(Supplier<List<Sample>> samples) {
            calibration = samples;
            return this;
        }

        public Builder routers(Map<String, TensorType> types) {
            routers = types;
            return this;
        }

        public Builder remarks(Consumer<Diagnostic> sink) {
            remarks = sink;
            return this;
        }

        public Builder progress(Progress p) {
            progress = p;
            return this;
        }

        /** Where measurements are kept; in memory, unless this is called. */
        public Builder memo(Memo m) {
            memo = m;
            return this;
        }

        public PassContext build() {
            return new PassContext(this, new Analyses(), new Statistics(), new Findings(), "");
        }
    }
}
