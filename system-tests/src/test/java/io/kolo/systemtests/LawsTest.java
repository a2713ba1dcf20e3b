package io.kolo.systemtests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameEndingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.kolo.executor.control.ObjectCodec;
import java.io.ObjectInputStream;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;

/** The laws of ARCHITECTURE.md, by number. */
@AnalyzeClasses(
        packages = "io.kolo",
        importOptions = {DoNotIncludeTests.class, LawsTest.NoTestJars.class})
class LawsTest {
    /** The test jars of other modules. */
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    // 1. Dependencies point down; siblings are strangers; no package cycles.

    @ArchTest
    static final ArchRule kernelsKnowNobody = noClasses()
            .that()
            .resideInAPackage("io.kolo.kernels..")
            .should()
            .dependOnClassesThat(resideInAPackage("io.kolo..").and(not(resideInAPackage("io.kolo.kernels.."))));

    @ArchTest
    static final ArchRule allreduceKnowsOnlyKernels = noClasses()
            .that()
            .resideInAPackage("io.kolo.allreduce..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.kolo.elastic..",
                    "io.kolo.executor..",
                    "io.kolo.dl4j..",
                    "io.kolo.samples..",
                    "io.kolo.perf..",
                    "io.kolo.cli..");

    @ArchTest
    static final ArchRule checkpointKnowsNobody = noClasses()
            .that()
            .resideInAPackage("io.kolo.checkpoint..")
            .should()
            .dependOnClassesThat(resideInAPackage("io.kolo..").and(not(resideInAPackage("io.kolo.checkpoint.."))));

    /** So the whole protocol runs under simulation, from a seed. */
    @ArchTest
    static final ArchRule elasticDecidesAndDoesNothingElse = noClasses()
            .that()
            .resideInAPackage("io.kolo.elastic..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.io..",
                    "java.net..",
                    "java.nio..",
                    "java.util.concurrent.atomic..",
                    "java.util.concurrent.locks..")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Thread.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Executor.class)
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat(resideInAPackage("io.kolo..").and(not(resideInAPackage("io.kolo.elastic.."))));

    /** What blocks a thread has a deadline, or is not there. */
    @ArchTest
    static final ArchRule ranksMeetAtWordsAndNeverAtLocks = noClasses()
            .that()
            .resideInAPackage("io.kolo.allreduce..")
            .should()
            .dependOnClassesThat(
                    resideInAPackage("java.util.concurrent.locks").and(not(equivalentTo(LockSupport.class))));

    @ArchTest
    static final ArchRule executorKnowsNoAdapterAndNoUser = noClasses()
            .that()
            .resideInAPackage("io.kolo.executor..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.kolo.dl4j..", "io.kolo.ray..", "io.kolo.samples..", "io.kolo.perf..", "io.kolo.cli..");

    /** Nobody above it either: engines are found by their address. The command line submits jobs by it. */
    @ArchTest
    static final ArchRule nobodyKnowsRaysAdapter = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.ray..", "io.kolo.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.kolo.ray..");

    @ArchTest
    static final ArchRule nodesKnowNeitherKoloNorItsLibraries = noClasses()
            .that()
            .resideInAnyPackage("io.kolo.ray.node..", "io.kolo.ray.gateway..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("io.kolo..", "com.google..", "io.grpc..")
                    .and(not(resideInAnyPackage("io.kolo.ray.node..", "io.kolo.ray.gateway.."))));

    @ArchTest
    static final ArchRule rayLivesOnNodesAndInTheGateway = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.ray.node..", "io.kolo.ray.gateway..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.ray..");

    @ArchTest
    static final ArchRule planesMeetInTheWorkerAlone = noClasses()
            .that()
            .resideInAnyPackage("io.kolo.executor.control..", "io.kolo.executor.local..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.kolo.allreduce..", "io.kolo.kernels..");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.kolo.(**)").should().beFreeOfCycles();

    // 2. One vendor, one place.

    @ArchTest
    static final ArchRule aeronLivesInOnePackage = noClasses()
            .that()
            .resideOutsideOfPackage("io.kolo.allreduce.aeron..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.aeron..");

    @ArchTest
    static final ArchRule agronaLivesInAllreduce = noClasses()
            .that()
            .resideOutsideOfPackage("io.kolo.allreduce..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.agrona..");

    @ArchTest
    static final ArchRule chronicleLivesInCheckpoint = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.checkpoint..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("net.openhft..");

    @ArchTest
    static final ArchRule grpcLivesInTheControlChannelAndTowardsRay = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.executor.control..", "io.kolo.ray..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.grpc..");

    @ArchTest
    static final ArchRule bouncyCastleLivesInTheControlChannel = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.executor.control..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bouncycastle..");

    @ArchTest
    static final ArchRule dl4jLivesInItsAdapterAndTheSamples = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.dl4j..", "io.kolo.samples..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.nd4j..", "org.deeplearning4j..");

    @ArchTest
    static final ArchRule picocliLivesInTheCommandLine = noClasses()
            .that()
            .resideOutsideOfPackage("io.kolo.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "me.tongfei..");

    @ArchTest
    static final ArchRule addressesBecomeMemoryInOneClassAModule = noClasses()
            .that(not(nameEndingWith("NativeMemory").or(nameEndingWith("NativeArrays"))))
            .should()
            .callMethod(MemorySegment.class, "reinterpret", long.class);

    @ArchTest
    static final ArchRule onlyOneClassDeserializes = noClasses()
            .that(not(belongToAnyOf(ObjectCodec.class)))
            .should()
            .dependOnClassesThat()
            .areAssignableTo(ObjectInputStream.class);

    // 9. executor.worker interprets; nothing else knows it.

    @ArchTest
    static final ArchRule nobodyCallsTheWorker = classes()
            .that()
            .resideInAPackage("io.kolo.executor.worker..")
            .should()
            .onlyBeAccessed()
            .byAnyPackage("io.kolo.executor.worker..");

    // 10. The environment is read in cli, in the main classes of processes, where "auto" is resolved, and for Ray's
    // token.

    @ArchTest
    static final ArchRule environmentIsReadWhereProcessesBegin = noClasses()
            .that()
            .resideOutsideOfPackages("io.kolo.cli..", "io.kolo.testkit..")
            .and()
            .haveNameNotMatching("io\\.kolo\\.executor\\.(worker\\.Worker|coordinator\\.Coordinator)Main|"
                    + "io\\.kolo\\.executor\\.(RayExecutor|LaunchBuilder).*|"
                    + "io\\.kolo\\.ray\\.(Digests|Launcher|RayToken|node\\..*)")
            .should()
            .callMethod(System.class, "getenv")
            .orShould()
            .callMethod(System.class, "getenv", String.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class, String.class);
}
