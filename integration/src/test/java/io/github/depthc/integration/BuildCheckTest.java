// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.depthc.backend.bundle.Bundle;
import io.github.depthc.backend.bundle.BundlePlan;
import io.github.depthc.backend.ort.OrtExecutor;
import io.github.depthc.backend.ort.OrtOptions;
import io.github.depthc.backend.plan.Device;
import io.github.depthc.backend.plan.DeviceTensor;
import io.github.depthc.backend.plan.HostDevice;
import io.github.depthc.backend.plan.Plan;
import io.github.depthc.backend.plan.PlanEngine;
import io.github.depthc.backend.runtime.EngineLimits;
import io.github.depthc.backend.runtime.PromptInput;
import io.github.depthc.backend.tensorrt.BuildCheck;
import io.github.depthc.backend.tensorrt.HostGpu;
import io.github.depthc.frontend.Importer;
import io.github.depthc.frontend.checkpoint.Checkpoint;
import io.github.depthc.ir.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plan on two devices, of which one may be wrong on purpose. */
final class BuildCheckTest {
    private static final PromptInput PROMPT = PromptInput.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7);

    @TempDir
    private Path temp;
    private Bundle bundle;
    private Plan plan;
    private BundlePlan files;
    private PlanEngine reference;

    @BeforeEach
    void write() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(Repository.STORIES)) {
            var dense = Importer.load(checkpoint);
            bundle = Bundles.writePlan(Bundles.run(dense, "select-layers{layers=[1, 3]},schedule{kind=constant, ratio=0.5},convert-to-mod"), temp.resolve("bundle"));
        }
        files = BundlePlan.open(bundle);
        plan = Plan.of(files.model(), DType.F32);
        reference = new PlanEngine(bundle.info(), plan, cpu());
    }

    @AfterEach
    void close() {
        reference.close();
    }

    private HostDevice cpu() {
        return new HostDevice(plan, new OrtExecutor(OrtOptions.DEFAULT));
    }

    private BuildCheck.Report compare(Device device) {
        try (PlanEngine checked = new PlanEngine(bundle.info(), plan, device)) {
            return BuildCheck.compare(reference, checked, PROMPT);
        }
    }

    /** The same device, but that something happens to the outputs of one segment. */
    private Device wrong(Device right, int segment, boolean prompt, Consumer<DeviceTensor> damage) {
        return (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, arguments) -> {
            try {
                Object result = method.invoke(right, arguments);
                if (method.getName().equals("segment") && (int) arguments[0] == segment) {
                    var made = (DeviceTensor) ((List<?>) arguments[2]).getFirst();
                    if (made.rows() > 1 == prompt) {
                        damage.accept(made);
                    }
                }
                return result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    @Test
    void theKernelsDoWhatTheCpuDoes() throws IOException {
        BuildCheck.Report report = compare(HostGpu.shared().device(cpu(), files.model().weights(), EngineLimits.NONE));
        assertTrue(report.mismatch().isEmpty(), report.toString());
        assertTrue(report.largest() < 1e-5, report.toString());
        assertTrue(report.steps() > 2 * plan.segments().size(), report.toString());
    }

    @Test
    void theFirstSegmentThatDiffersIsNamed() {
        HostDevice cpu = cpu();
        Device wrong = wrong(cpu, 2, true, t -> cpu.fill(new DeviceTensor(t.address(), DType.F32, Math.toIntExact(t.rows() * t.width()), 1), 1));
        BuildCheck.Report report = compare(wrong);
        assertTrue(report.mismatch().orElseThrow().startsWith("segment 2 (") && report.mismatch().get().contains("of a prompt of"), report.toString());
        assertTrue(report.largest() > BuildCheck.TOLERANCE);
    }

    /** What is not a number is no small error. */
    @Test
    void aDecodeStepThatIsWrong() {
        HostDevice cpu = cpu();
        Device wrong = wrong(cpu, 1, false, t -> cpu.fill(new DeviceTensor(t.address(), DType.F32, 1, 1), Float.NaN));
        BuildCheck.Report report = compare(wrong);
        assertTrue(report.mismatch().orElseThrow().startsWith("segment 1 (") && report.mismatch().get().contains("of a decode step of 1 tokens"), report.toString());
    }

    /** Errors of one step do not reach the next: each alone is within the limit, and would not be if they added up. */
    @Test
    void errorsDoNotAddUp() {
        HostDevice cpu = cpu();
        Device rough = (Device) Proxy.newProxyInstance(Device.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, arguments) -> {
            Object result = method.invoke(cpu, arguments);
            if (method.getName().equals("segment")) {
                for (Object made : (List<?>) arguments[2]) {
                    scale(cpu, (DeviceTensor) made, 1.009f);
                }
            }
            return result;
        });
        BuildCheck.Report report = compare(rough);
        assertTrue(report.mismatch().isEmpty(), report.toString());
        assertEquals(0.009, report.largest(), 1e-4);
    }

    private static void scale(Device device, DeviceTensor tensor, float factor) {
        try (var arena = Arena.ofConfined()) {
            var host = arena.allocate(Math.max(4, tensor.bytes()), 4).asSlice(0, tensor.bytes());
            device.download(tensor, host);
            for (long i = 0; i < tensor.rows() * tensor.width(); i++) {
                host.setAtIndex(ValueLayout.JAVA_FLOAT, i, host.getAtIndex(ValueLayout.JAVA_FLOAT, i) * factor);
            }
            device.upload(host, tensor);
        }
    }
}
