// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import static io.github.depthc.cli.CommandLineHarness.repository;
import static io.github.depthc.cli.CommandLineHarness.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.depthc.backend.tensorrt.GpuSupport;
import io.github.depthc.cli.CommandLineHarness.Outcome;
import io.github.depthc.cli.opt.TestPlugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What convert, build and run do for GPUs, on a machine that has none. */
class GpuCommandsTest {
    private static final String CHECKPOINT = Path.of(System.getProperty("depthc.root"), "samples/checkpoints/stories260k").toString();

    @TempDir
    static Path temp;
    private static Path bundle;

    @BeforeAll
    static void convert() {
        bundle = temp.resolve("bundle");
        Outcome o = run("convert", CHECKPOINT, "-o", bundle.toString(), "--layers", "odd", "--target", "tensorrt", "--gpu-arch", "90");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("For GPUs: 11 segments in BF16, kernels for compute capability 9.0."), o.out());
        assertTrue(o.out().contains("build " + bundle), o.out());
    }

    @Test
    void theBundleHasAllFilesForGpusListed() throws IOException {
        String list = Files.readString(bundle.resolve("bundle.json"));
        for (String file : new String[] {"plan.json", "plan.mir", "segment-000.onnx", "segment-010.onnx", "attention-0.onnx", "kernels-sm_90.cubin", "weights/bf16-00001.bin"}) {
            assertTrue(Files.size(bundle.resolve("gpu").resolve(file)) > 0, file);
            assertTrue(list.contains("\"gpu/" + file + "\""), file);
        }
        assertTrue(Files.readString(bundle.resolve("gpu/plan.mir")).contains("mod.combine"), "no step that combines");
    }

    /** The CPU runs it as ever; that a GPU is missing is told once. */
    @Test
    void autoFallsBackToTheCpuAndSaysSo() {
        assumeTrue(GpuSupport.check().isPresent(), "this machine has a GPU");
        Outcome o = run("run", bundle.toString(), "--prompt", "Once upon a time", "--max-new-tokens", "3");
        assertEquals(0, o.code(), o.err());
        assertEquals(1, o.err().lines().filter(l -> l.startsWith("Running on the CPU: ")).count(), o.err());
        Outcome told = run("run", bundle.toString(), "--device", "cpu", "--prompt", "Once upon a time", "--max-new-tokens", "3");
        assertFalse(told.err().contains("Running on the CPU"), told.err());
        assertEquals(o.out(), told.out());
        Outcome two = run("bench", bundle.toString(), "--against", bundle.toString(), "--rounds", "1", "--new-tokens", "2", "--prompt-tokens", "16");
        assertEquals(0, two.code(), two.err());
        assertEquals(1, two.err().lines().filter(l -> l.startsWith("Running on the CPU: ")).count(), two.err());
    }

    @Test
    void cudaSaysInOneLineWhatIsMissing() {
        assumeTrue(GpuSupport.check().isPresent(), "this machine has a GPU");
        for (String[] args : new String[][] {{"run", bundle.toString(), "--device", "cuda", "--prompt", "x"}, {"bench", bundle.toString(), "--device", "cuda"},
            {"build", bundle.toString()}}) {
            Outcome o = run((Object[]) args);
            assertEquals(2, o.code(), o.err());
            assertEquals(1, o.err().lines().count(), o.err());
            assertTrue(o.err().contains(GpuSupport.check().get()), o.err());
        }
    }

    @Test
    void aBundleWithoutThatPartSaysHowToGetIt() {
        Path plain = temp.resolve("plain");
        assertEquals(0, run("convert", CHECKPOINT, "-o", plain.toString()).code());
        for (String[] args : new String[][] {{"run", plain.toString(), "--device", "cuda", "--prompt", "x"}, {"build", plain.toString()}}) {
            Outcome o = run((Object[]) args);
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains("convert the model again with --target tensorrt"), o.err());
        }
    }

    @Test
    void oneEngineGraphIsForOtherTools() {
        Path single = temp.resolve("single");
        Outcome o = run("convert", CHECKPOINT, "-o", single.toString(), "--layers", "odd", "--target", "tensorrt", "--form", "single", "--precision", "fp16");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("For GPUs: gpu/prompt.onnx and gpu/step.onnx in F16"), o.out());
        assertTrue(Files.isRegularFile(single.resolve("gpu/prompt.onnx")) && Files.isRegularFile(single.resolve("gpu/step.onnx")), "graphs are missing");
        assertTrue(run("inspect", single).out().contains("GPU      gpu/prompt.onnx and gpu/step.onnx in F16, for trtexec and Triton (docs/gpu.md), weights "));
        for (String[] args : new String[][] {{"run", single.toString(), "--device", "cuda", "--prompt", "x"}, {"build", single.toString()}}) {
            Outcome refused = run((Object[]) args);
            assertEquals(2, refused.code(), refused.err());
            assertTrue(refused.err().contains("--form segments"), refused.err());
        }
        Outcome kernels = run("convert", CHECKPOINT, "-o", temp.resolve("y").toString(), "--target", "tensorrt", "--form", "single", "--gpu-arch", "90");
        assertTrue(kernels.err().contains("--gpu-arch has no effect: --form single has no kernels"), kernels.err());
    }

    /** One model on the CPU and on the GPU: both have scales that engines take. */
    @Test
    void quantizedWeightsAreForBoth() throws IOException {
        for (String form : new String[] {"segments", "single"}) {
            Path to = temp.resolve("quantized-" + form);
            Outcome o = run("convert", CHECKPOINT, "-o", to.toString(), "--target", "tensorrt", "--form", form, "--weights", "int4");
            assertEquals(0, o.code(), o.err());
            assertTrue((o.err() + o.out()).contains("stay as they are: their rows are no whole blocks of 64 (model.layers.0.mlp.down_proj.weight"), o.err() + o.out());
            assertTrue(Files.size(to.resolve("gpu/weights/int4-00001.bin")) > 0);
            assertFalse(Files.exists(to.resolve("gpu/weights/bf16-00001.bin")));
            assertTrue(o.out().lines().anyMatch(l -> l.startsWith("For GPUs: ") && l.contains(" in BF16 with weights in 4 bits, ")), o.out());
            String shown = run("inspect", to).out();
            assertTrue(shown.lines().anyMatch(l -> l.startsWith("GPU ") && l.contains(" in BF16 with weights in 4 bits, ")), shown);
            assertEquals(4, new ObjectMapper().readTree(run("inspect", to, "--json").out()).at("/gpu/weight_bits").intValue());
        }
        Outcome text = run("convert", CHECKPOINT, "--print-pipeline", "--target", "tensorrt", "--weights", "int8", "--precision", "fp16");
        assertTrue(text.out().contains("quantize-weights{scales=f16}"), text.out());
    }

    @Test
    void weightsThatEnginesDoNotTakeAreRefused() {
        Outcome scales = run("convert", CHECKPOINT, "-o", temp.resolve("q").toString(), "--target", "tensorrt", "--pipeline", "quantize-weights");
        assertEquals(2, scales.code(), scales.err());
        assertTrue(scales.err().contains("quantized with scales=either_sign, expected scales=bf16"), scales.err());
        Outcome late = run("convert", CHECKPOINT, "-o", temp.resolve("q").toString(), "--target", "tensorrt", "--pipeline", "lower-mod,quantize-weights{scales=bf16}");
        assertEquals(2, late.code(), late.err());
        assertTrue(late.err().contains("put quantize-weights before lower-mod"), late.err());
        Outcome both = run("convert", CHECKPOINT, "-o", temp.resolve("q").toString(), "--target", "tensorrt", "--pipeline",
                "quantize-weights{bits=8, only=[\"*q_proj*\"], scales=bf16},lower-mod,quantize-weights{bits=4, block=64, scales=bf16}");
        assertEquals(2, both.code(), both.err());
        assertTrue(both.err().contains("put quantize-weights before lower-mod"), both.err());
        assertFalse(Files.exists(temp.resolve("q")));
    }

    /** Its scale is a number of F16, and what the scale and the code stand for is none. */
    @Test
    void quantizedWeightsThatF16DoesNotHaveAreRefused() throws IOException {
        for (String tensor : new String[] {"model.layers.1.self_attn.q_proj.weight", "model.embed_tokens.weight"}) {
            Path big = PokedCheckpoint.first(Path.of(CHECKPOINT), temp.resolve("big-" + tensor), tensor, 1e6f);
            Outcome o = run("convert", big.toString(), "-o", temp.resolve("q").toString(), "--target", "tensorrt", "--form", "single", "--precision", "fp16", "--weights", "int8");
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains("has the value 1000000.0 at [0, 0], the largest of its numbers, which is too large for f16 (65504 at most); take --precision bf16"), o.err());
            assertFalse(Files.exists(temp.resolve("q")));
        }
    }

    /** The GPU's part is made of layers, which such a pass does not see any more. */
    @Test
    void whatAPlugInDoesBehindTheLoweringIsRefused() throws IOException {
        Path jar = TestPlugin.jar(Files.createDirectories(temp.resolve("plug-in")));
        for (String form : new String[] {"segments", "single"}) {
            Outcome o = run("convert", CHECKPOINT, "-o", temp.resolve("x"), "--target", "tensorrt", "--form", form, "--plugin", jar, "--pipeline", "lower-mod,cse,mark-first,dce");
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains("--target tensorrt: mark-first changed the model when its layers were lowered") && o.err().contains("put it before lower-mod"), o.err());
        }
        assertFalse(Files.exists(temp.resolve("x")));
        for (String pipeline : new String[] {"mark-first,lower-mod", "lower-mod,fold-constants,cse,dce,hoist-gather,fuse-add-norm"}) {
            Outcome before = run("convert", CHECKPOINT, "-o", temp.resolve("x"), "--target", "tensorrt", "--form", "single", "--plugin", jar, "--dry-run", "--pipeline", pipeline);
            assertEquals(0, before.code(), before.err());
        }
        Outcome cpu = run("convert", CHECKPOINT, "-o", temp.resolve("x"), "--plugin", jar, "--dry-run", "--pipeline", "lower-mod,mark-first");
        assertEquals(0, cpu.code(), cpu.err());
    }

    @Test
    void blocksThatNoRowHasAreTold() {
        Outcome o = run("convert", CHECKPOINT, "-o", temp.resolve("q").toString(), "--target", "tensorrt", "--weights", "int8", "--weights-block", "128");
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains("--weights int8 has no effect: no weight has rows of whole blocks of 128; take smaller blocks"), o.err());
    }

    /** What was built on this machine is no stranger in a bundle that is replaced. */
    @Test
    void enginesGoWithTheBundle() throws IOException {
        Path replaced = temp.resolve("replaced");
        assertEquals(0, run("convert", CHECKPOINT, "-o", replaced.toString()).code());
        Files.createDirectories(replaced.resolve("engines/some-gpu"));
        Files.writeString(replaced.resolve("engines/some-gpu/segment-000.engine"), "engine");
        Outcome o = run("convert", CHECKPOINT, "-o", replaced.toString(), "--force");
        assertEquals(0, o.code(), o.err());
        assertFalse(Files.exists(replaced.resolve("engines")), "engines of the old bundle are left");
    }

    @Test
    void optionsWithoutEffectAndUnknownArchitecturesAreRefused() {
        Outcome alone = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--gpu-arch", "90");
        assertEquals(2, alone.code());
        assertTrue(alone.err().contains("--gpu-arch has no effect without --target tensorrt"), alone.err());
        Outcome unknown = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--target", "tensorrt", "--gpu-arch", "75");
        assertEquals(2, unknown.code());
        assertTrue(unknown.err().contains("--gpu-arch 75 is unknown, expected some of [80, 86, 89, 90, 100, 120]"), unknown.err());
        for (String empty : new String[] {",", "", "90,", "90,,80"}) {
            Outcome none = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--target", "tensorrt", "--gpu-arch", empty);
            assertEquals(2, none.code(), empty);
            assertTrue(none.err().contains("--gpu-arch is '" + empty + "', expected numbers with commas between them"), none.err());
        }
        Outcome elsewhere = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--target", "tensorrt", "--nvrtc", temp.toString());
        assertEquals(2, elsewhere.code());
        assertTrue(elsewhere.err().contains("has no libnvrtc.so.13"), elsewhere.err());
        assertFalse(Files.exists(temp.resolve("x")));
    }

    /** Where there is no NVRTC: nothing is compiled before it. */
    @Test
    void aPipelineThatCutsIsRefusedBeforeKernelsAreCompiled() {
        Outcome o = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--target", "tensorrt", "--nvrtc", temp.toString(), "--pipeline",
                "schedule{kind=constant, ratio=0.5},convert-to-mod,lower-mod,cse,dce,fuse-combine,cut-segments");
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains("leave cut-segments out"), o.err());
    }

    @Test
    void aDryRunCountsTheTimeOfKernels() {
        Outcome o = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--layers", "odd", "--target", "tensorrt", "--gpu-arch", "90", "--dry-run");
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("to compile the kernels for GPUs, as it took just now"), o.out());
        Outcome cpu = run("convert", CHECKPOINT, "-o", temp.resolve("x").toString(), "--layers", "odd", "--dry-run");
        assertFalse(cpu.out().contains("compile the kernels"), cpu.out());
    }

    /** A number that does not fit is found when it is written; that a dry run writes nothing is no promise that it fits. */
    @Test
    void aDryRunSaysThatItDoesNotLookAtNumbers() throws IOException {
        Path big = PokedCheckpoint.first(Path.of(CHECKPOINT), temp.resolve("big"), "model.layers.1.self_attn.q_proj.weight", 1e6f);
        Object[] convert = {"convert", big, "-o", temp.resolve("x"), "--target", "tensorrt", "--form", "single", "--precision", "fp16"};
        Outcome dry = run(Stream.concat(Stream.of(convert), Stream.of("--dry-run")).toArray());
        assertEquals(0, dry.code(), dry.err());
        assertTrue(dry.out().contains("Weights that are not finite, or too large for their type, were not looked for."), dry.out());
        assertEquals(2, run(convert).code());
    }

    @Test
    void modelsThatNoGpuTakesAreRefusedWithWhatToDo() {
        Path encoder = repository("frontend/src/test/resources/goldens-encoders/bert");
        for (String form : new String[] {"segments", "single"}) {
            Outcome o = run("convert", encoder, "-o", temp.resolve("x"), "--target", "tensorrt", "--form", form);
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains("is an encoder") && o.err().contains("leave --target tensorrt out"), o.err());
            assertEquals(1, o.err().lines().count(), o.err());
        }
        Path wide = temp.resolve("wide");
        assertEquals(0, run("synth", "llama", "-o", wide, "--hidden", 64, "--layers", 1, "--heads", 1, "--head-dim", 264, "--intermediate", 64, "--vocab", 64).code());
        Outcome o = run("convert", wide, "-o", temp.resolve("x"), "--target", "tensorrt", "--nvrtc", temp);
        assertEquals(2, o.code(), o.err());
        assertTrue(o.err().contains("has heads of 264 elements, expected at most 256") && o.err().contains("leave --target tensorrt out"), o.err());
        assertTrue(o.err().contains("--form single, one engine graph, has no such kernels"), o.err());
        Outcome single = run("convert", wide, "-o", temp.resolve("wide-single"), "--target", "tensorrt", "--form", "single");
        assertEquals(0, single.code(), single.err());
        assertFalse(Files.exists(temp.resolve("x")));
    }

    /** Weights that are rounded for the CPU alone would make two models of one bundle. */
    @Test
    void roundedWeightsAreThoseOfTheGpuToo() {
        for (String precision : new String[] {"fp32", "fp16"}) {
            Outcome o = run("convert", CHECKPOINT, "-o", temp.resolve("x"), "--target", "tensorrt", "--gpu-arch", "90", "--weights", "bf16", "--precision", precision, "--dry-run");
            assertEquals(2, o.code(), o.err());
            assertTrue(o.err().contains("--weights bf16 and --precision " + precision + ": ") && o.err().contains("give --precision bf16, or --weights fp32"), o.err());
        }
        Outcome same = run("convert", CHECKPOINT, "-o", temp.resolve("x"), "--target", "tensorrt", "--gpu-arch", "90", "--weights", "bf16", "--dry-run");
        assertEquals(0, same.code(), same.err());
        Path halves = temp.resolve("halves");
        assertEquals(0, run("synth", "llama", "-o", halves, "--hidden", 64, "--layers", 1, "--heads", 2, "--intermediate", 64, "--vocab", 64, "--dtype", "bf16").code());
        Outcome exact = run("convert", halves, "-o", temp.resolve("x"), "--target", "tensorrt", "--gpu-arch", "90", "--weights", "bf16", "--precision", "fp32", "--dry-run");
        assertEquals(0, exact.code(), exact.err());
    }

    @Test
    void inspectTellsOfTheGpusPart() throws IOException {
        Outcome o = run("inspect", bundle);
        assertEquals(0, o.code(), o.err());
        assertTrue(o.out().contains("GPU      11 segments in BF16, kernels for compute capability 9.0, weights "), o.out());
        assertTrue(o.out().contains("Engines  none built yet; on the machine with the GPU: "), o.out());
        JsonNode gpu = new ObjectMapper().readTree(run("inspect", bundle, "--json").out()).get("gpu");
        assertEquals("segments", gpu.get("form").textValue());
        assertEquals("bf16", gpu.get("row_type").textValue());
        assertFalse(gpu.has("weight_bits"));
        assertEquals(11, gpu.get("segments").intValue());
        assertEquals("[90]", gpu.get("architectures").toString());
        long weights = 0;
        try (var files = Files.list(bundle.resolve("gpu/weights"))) {
            for (Path file : files.toList()) {
                weights += Files.size(file);
            }
        }
        assertEquals(weights, gpu.get("weight_bytes").longValue());
        assertEquals("[]", gpu.get("engines").toString());
        Path folder = Files.createDirectories(bundle.resolve("engines/nvidia-h200-trt11.2.1"));
        try {
            Files.writeString(folder.resolve("engines.json"), "{\"depthc_engines\": 1, \"gpu\": \"NVIDIA H200\", \"architecture\": 90, \"tensorrt\": \"11.2.1\", \"driver\": \"13.0\", "
                    + "\"max_prompt\": 512, \"max_batch\": 8, \"plan\": \"of another\", \"engines\": [{\"file\": \"segment-000.engine\", \"size\": 2048}]}");
            String engines = run("inspect", bundle).out();
            assertTrue(engines.contains("Engines  NVIDIA H200, TensorRT 11.2.1: prompts of 512 tokens and steps of 8 rows at most, 2.00 KiB; of no use: those in "), engines);
            assertTrue(engines.contains(" were built from other graphs or weights; build them again with: "), engines);
            assertEquals(512, new ObjectMapper().readTree(run("inspect", bundle, "--json").out()).at("/gpu/engines/0/max_prompt").intValue());
            Files.writeString(folder.resolve("engines.json"), "{");
            String broken = run("inspect", bundle).out();
            assertTrue(broken.contains("Engines  " + folder.resolve("engines.json") + " is no JSON: it ends within a value; it is cut short; build them again with: "), broken);
            assertTrue(broken.contains(" build " + bundle + "\n"), broken);
        } finally {
            Files.delete(folder.resolve("engines.json"));
            Files.delete(folder);
            Files.delete(bundle.resolve("engines"));
        }
        Path plain = temp.resolve("of the CPU alone");
        assertEquals(0, run("convert", CHECKPOINT, "-o", plain).code());
        assertFalse(run("inspect", plain).out().contains("GPU"));
    }

    @Test
    void limitsOfABuildAreChecked() {
        Outcome o = run("build", bundle.toString(), "--max-prompt", "100000");
        assertEquals(2, o.code());
        assertTrue(o.err().contains("--max-prompt is 100000, expected at most 512"), o.err());
    }
}
