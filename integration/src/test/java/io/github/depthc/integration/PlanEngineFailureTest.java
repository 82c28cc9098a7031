// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.runtime.Slot;
import io.github.depthc.backend.runtime.StepOutput;
import io.github.depthc.backend.tensorrt.HostGpu;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A device that fails now and then, as one without memory does: what is tried again gives what it would have given. */
class PlanEngineFailureTest {
    /** Calls that start no work. */
    private static final Set<String> NO_WORK = Set.of("name", "rowType", "limits", "freeBytes", "close");
    private static final int STEPS = 12;
    private static final int LEAST = 10;

    @TempDir
    Path temp;

    /** Fails one call of a kind, after so many that work. */
    private static final class Failing {
        private final String kind;
        private int left = -1;
        private int failures;

        Failing(String kind) {
            this.kind = kind;
        }

        Device around(Device device) {
            return (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), new Class<?>[] {Device.class}, (_, method, arguments) -> {
                if (kind.equals("any") ? !NO_WORK.contains(method.getName()) : kind.equals(method.getName())) {
                    if (left-- == 0) {
                        failures++;
                        throw new UncheckedIOException(new IOException("no more " + method.getName()));
                    }
                }
                try {
                    return method.invoke(device, arguments);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            });
        }

        /** What is asked for, after one try for each call that it makes of the kind at most. */
        StepOutput again(List<Slot> slots, int stride, Supplier<StepOutput> work) {
            for (int after = 0;; after += stride) {
                left = after;
                int before = failures;
                List<int[]> lengths = slots.stream().map(Slot::cacheLengths).toList();
                List<Integer> tokens = slots.stream().map(Slot::length).toList();
                try {
                    return work.get();
                } catch (UncheckedIOException e) {
                    assertEquals(before + 1, failures, e.toString());
                    assertEquals(tokens, slots.stream().map(Slot::length).toList());
                    for (int i = 0; i < slots.size() && tokens.get(i) > 0; i++) {
                        assertArrayEquals(lengths.get(i), slots.get(i).cacheLengths());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"PLAN, gamma-arank-gqa-dedup, allocate, 1", "CUDA, gamma-arank-gqa-dedup, allocate, 1", "PLAN, gamma-arank-gqa-dedup, download, 1", "PLAN, pmod-cos-gqa, any, 11",
        "CUDA, gamma-arank-gqa-dedup, any, 11"})
    void whatIsTriedAgainGivesTheSame(Bundles.Form form, String golden, String kind, int stride) throws IOException {
        List<float[]> expected = logits(form, golden, "expected", new Failing("none"), stride);
        var failing = new Failing(kind);
        List<float[]> actual = logits(form, golden, "actual", failing, stride);
        assertTrue(failing.failures >= LEAST, failing.failures + " failures");
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "call " + i);
        }
        if (form == Bundles.Form.CUDA) {
            assertEquals(0, HostGpu.shared().number("fake_allocated"));
            assertEquals(0, HostGpu.shared().number("fake_objects"));
        }
    }

    /** Two sequences whose caches outgrow their room at different steps, together, alone, and in another order. */
    private List<float[]> logits(Bundles.Form form, String golden, String name, Failing failing, int stride) throws IOException {
        var all = new ArrayList<float[]>();
        try (Checkpoint checkpoint = Checkpoint.open(Repository.MOD_GOLDENS.resolve(golden));
                PlanEngine engine = Bundles.planEngine(Importer.load(checkpoint), temp.resolve(name), form, failing::around)) {
            int vocab = engine.info().model().vocab();
            List<Slot> slots = List.of(engine.open(), engine.open());
            for (int s = 0; s < slots.size(); s++) {
                Slot slot = slots.get(s);
                int[] ids = IntStream.range(0, 58 + s).map(i -> i * i % vocab).toArray();
                all.add(values(failing.again(List.of(slot), stride, () -> slot.prefill(PromptInput.of(ids)))));
            }
            for (int step = 0; step < STEPS; step++) {
                List<Slot> together = step % 5 == 4 ? slots.subList(0, 1) : step < 6 ? slots : slots.reversed();
                int[] tokens = IntStream.range(0, together.size()).toArray();
                all.add(values(failing.again(together, stride, () -> engine.step(together, tokens))));
            }
        }
        return all;
    }

    private static float[] values(StepOutput output) {
        float[] values = new float[output.logits().remaining()];
        output.logits().get(output.logits().position(), values);
        return values;
    }
}
